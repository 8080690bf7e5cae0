"""The Inbox: what the capture server took instead of the world."""
