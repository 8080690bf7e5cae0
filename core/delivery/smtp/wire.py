"""One connection's bytes: aiosmtplib's protocol, with content sent in pieces and ends that are noticed."""

from __future__ import annotations

import asyncio
from typing import cast

from aiosmtplib.errors import SMTPServerDisconnected
from aiosmtplib.protocol import SMTPProtocol

_PIECE = 64 * 1024


def stuffed(content: bytes) -> bytes:
    """The content as DATA wants it: leading dots doubled, the final dot behind it (RFC 5321 4.5.2).

    Raises ValueError for content that does not consist of lines ended by CRLF: a bare CR or LF is a line end
    to some servers and none to others, which is how one mail becomes two.
    """
    breaks = content.count(b"\r\n")
    if content.count(b"\n") != breaks or content.count(b"\r") != breaks or not content.endswith(b"\r\n"):
        raise ValueError("the content must consist of lines that end with CRLF")
    doubled = content.replace(b"\r\n.", b"\r\n..")
    return b"".join((b"." if doubled.startswith(b".") else b"", doubled, b".\r\n"))


class Wire(SMTPProtocol):
    """Commands and replies by `SMTPProtocol`, which bounds a reply at 32 KiB and drops what isn't awaited."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self.lost = asyncio.Event()
        # Whether the final dot was given to the transport: from then on the server may take the message.
        self.is_handed_over = False

    @property
    def has_unread(self) -> bool:
        """Whether the server sent more than the reply that was read last."""
        return bool(self._buffer)

    async def send_content(self, content: bytes, seconds: float) -> None:
        """Write content that is `stuffed`, giving the server `seconds` for each piece.

        A reply that comes before the end is kept for `read_response`.
        Raises TimeoutError or ConnectionError; `is_handed_over` says whether the end was given away by then.
        """
        self.is_handed_over = False
        self._response_pending = True
        view = memoryview(content)
        for start in range(0, len(view) - _PIECE, _PIECE):
            self.write(bytes(view[start : start + _PIECE]))
            async with asyncio.timeout(seconds):
                await self._drain_helper()
        last = (max(len(view) - 1, 0) // _PIECE) * _PIECE
        if self.transport is None or self.transport.is_closing():
            raise SMTPServerDisconnected("Connection lost")
        self.is_handed_over = True
        self.write(bytes(view[last:]))
        async with asyncio.timeout(seconds):
            await self._drain_helper()

    def has_reply(self) -> bool:
        """Whether a reply waits to be read, as it may when the server refused the content before its end."""
        waiter = self._response_waiter
        return waiter is not None and waiter.done() and not waiter.cancelled() and waiter.exception() is None

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.lost.set()

    def abort(self) -> None:
        """Drop the connection at once, with whatever was still to be written."""
        if self.transport is not None:
            cast(asyncio.WriteTransport, self.transport).abort()

    async def close_gently(self, seconds: float) -> None:
        """Close the connection; abort it if the other side does not follow in time."""
        if self.transport is not None:
            self.transport.close()
        try:
            async with asyncio.timeout(seconds):
                await self.lost.wait()
        except TimeoutError:
            self.abort()
