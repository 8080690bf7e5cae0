"""Receives the bytes after DATA in blocks, up to the one sequence that ends them: CRLF.CRLF."""

from __future__ import annotations

from typing import Final

_END: Final = b"\r\n.\r\n"


class Intake:
    """One message on its way in. A lone dot between anything but two CRLFs is content (no SMTP smuggling).

    Never holds more than a third above `limit` (bytes of the message): what is beyond is read and dropped, so that the
    client gets its answer at the end, where it listens (RFC 5321, 4.5.3.1.10).
    """

    __slots__ = ("_limit", "_received", "dropped", "starved")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        # The line end before the first line, so that ".CRLF" alone is an empty message, and a dot that begins
        # the first line is doubled like any other.
        self._received = bytearray(b"\r\n")
        self.dropped = False
        self.starved = False

    @property
    def held(self) -> int:
        """Bytes held at the moment."""
        return len(self._received)

    def feed(self, data: bytes) -> bytes | None:
        """Takes a block. Returns None until the end was seen, then what came after it."""
        received = self._received
        start = max(0, len(received) - len(_END) + 1)
        received += data
        end = received.find(_END, start)
        if end >= 0:
            rest = bytes(received[end + len(_END) :])
            del received[end + 2 :]
            return rest
        # Doubled dots make a message at most a third longer: "." is sent as "..CRLF", four bytes for three.
        if self.dropped or len(received) > self._limit + self._limit // 3 + len(_END):
            self.drop()
        return None

    def drop(self) -> None:
        """Forgets the content, now and from here on; only the end is still looked for."""
        self.dropped = True
        del self._received[: -len(_END) + 1]

    def starve(self) -> None:
        """Drops the content because the server has no room for it, whatever its own size."""
        self.starved = True
        self.drop()

    def content(self) -> bytes | None:
        """The message without the dots of transparency (RFC 5321, 4.5.2), or None if it is over the limit."""
        if self.dropped:
            return None
        # Each leading dot is directly behind a CRLF; a dot behind a bare CR or LF does not begin a line.
        received = self._received
        content = (
            bytes(received[2:]) if received.find(b"\r\n.") < 0 else received.replace(b"\r\n.", b"\r\n")[2:]
        )
        return bytes(content) if len(content) <= self._limit else None
