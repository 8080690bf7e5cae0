"""The Log: every attempt to send, as it happens."""
