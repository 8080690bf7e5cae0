"""The governed way out: everything a mail passes between an agent's wish and the wire.

No screen, no server and no command line in here; `core.workspace` is the face that those use.
"""
