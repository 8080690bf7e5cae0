"""The agents' doors: how a program hands a mail to the gate. Knows core only."""
