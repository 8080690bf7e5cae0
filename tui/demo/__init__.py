"""The demo: a workspace of its own, a capture server, and agents that keep sending through the real pipeline."""
