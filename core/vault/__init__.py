"""Secrets at rest: envelope encryption, the master key and where it comes from."""
