"""Bytes in and bytes out of one SMTP session: lines, blocks of DATA, replies, and their bounds.

This is where stock aiosmtpd is slow or unsafe, and is replaced: lines of DATA of any length, received in blocks;
replies to pipelined commands in one packet; one timer for all sessions; nothing inspected anew for each connection.
"""

from __future__ import annotations

import asyncio
import math
import re
from typing import TYPE_CHECKING, Any, Final

from dev_server.auth import AuthCommands
from dev_server.intake import Intake

if TYPE_CHECKING:
    from dev_server.desk import Desk

_LONGEST_LINE: Final = 12_288  # RFC 4954, 4: the longest that AUTH may need
_INPUT_BOUND: Final = 65_536
_OUTPUT_BOUND: Final = 65_536
_WITHOUT_ENHANCED: Final = re.compile(r"([245])\d\d (?!\d\.\d)")
_ENHANCED: Final = {
    "500": "5.5.2",
    "501": "5.5.4",
    "502": "5.5.1",
    "503": "5.5.1",
    "504": "5.5.4",
    "553": "5.1.3",
}
TOO_LONG: Final = b"\x00too long"  # no line: a command never holds NUL
BUSY: Final = math.inf  # never idle


class _Lines:
    """What aiosmtpd's AUTH reads its answers from."""

    def __init__(self, session: Wire) -> None:
        self._session = session

    async def readline(self) -> bytes:
        return await self._session.next_line() or b""


class Wire(AuthCommands):
    """The plumbing of one connection. `protocol.CaptureProtocol` says what the lines mean."""

    def __init__(self, desk: Desk) -> None:
        # Not SMTP.__init__: it looks through every attribute of itself for each connection, and builds a stream
        # reader that reads by lines. What the inherited commands read is set here instead.
        settings = desk.settings
        self.desk = desk
        self.loop = desk.loop
        self.logins = settings.logins
        self.hostname = settings.hostname
        self.data_size_limit = settings.max_message_bytes
        self.enable_SMTPUTF8 = True
        self.tls_context = desk.tls_context
        self.transport: Any = None
        self._decode_data = False
        self._handle_hooks = {}
        self._smtp_methods = {}
        self._auth_methods = {}
        self._auth_required = settings.require_auth
        self._auth_require_tls = not settings.auth_without_tls
        self._authenticator = self.check_login
        self._auth_callback = None
        self._tls_protocol: Any = None  # aiosmtpd asks only whether there is one
        self._reader: Any = _Lines(self)

        self.dismissed = False
        self.idle_since = desk.loop.time()
        self.retiring = False
        self._handler_coroutine: asyncio.Task[None] | None = None
        self._ended = False
        self._input = bytearray()
        self._scanned = 0
        self._skipping = False
        self._reading_paused = False
        self._output: list[bytes] = []
        self._output_size = 0
        self._writable = asyncio.Event()
        self._writable.set()
        self._waiter: asyncio.Future[None] | None = None
        self._intake: Intake | None = None

    def begin(self, transport: asyncio.BaseTransport) -> None:
        """Starts a session anew: when the connection is made, and when TLS begins."""
        raise NotImplementedError

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.begin(transport)
        if not self.desk.admit(self):
            self.dismiss("421 4.3.2 Too many connections")
            return
        task = self.loop.create_task(self._handle_client())
        self._handler_coroutine = task
        self.desk.tasks.add(task)
        task.add_done_callback(self.desk.tasks.discard)

    def connection_lost(self, error: Exception | None) -> None:
        self.desk.sessions.discard(self)
        self.transport = None
        self.resume_writing()
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()

    def data_received(self, data: bytes) -> None:
        if self.idle_since != BUSY:
            self.idle_since = self.loop.time()
        if self._intake is not None:
            rest = self._feed(self._intake, data)
            if rest is None:
                return
            data = rest
        self._input += data
        if len(self._input) > _INPUT_BOUND and not self._reading_paused:
            self._reading_paused = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        # A client may send all its commands and close its side: they are obeyed, and answered.
        self._ended = True
        self._wake()
        return self._tls_protocol is None

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # What the desk calls

    def dismiss(self, reply: str) -> None:
        """Says why, and closes."""
        self.dismissed = True
        if self.transport is not None:
            self.transport.write(reply.encode("ascii") + b"\r\n")
            self.transport.close()

    def retire(self) -> None:
        """Ends the session as soon as nothing is under way."""
        self.retiring = True
        if self._waiter is not None and self._intake is None:
            self.dismiss("421 4.3.2 The server is shutting down")

    def abort(self) -> None:
        """Cuts the connection."""
        if self.transport is not None:
            self.transport.abort()

    # Bytes in, bytes out

    async def next_line(self) -> bytes | None:
        """The next line without its end, `TOO_LONG` for one that is, None when the client has closed."""
        while True:
            end = self._input.find(b"\n", self._scanned)
            if end >= 0:
                line = bytes(self._input[:end])
                del self._input[: end + 1]
                self._scanned = 0
                if self._reading_paused and len(self._input) <= _INPUT_BOUND // 2:
                    self._resume_reading()
                if self._skipping or end > _LONGEST_LINE:
                    self._skipping = False
                    return TOO_LONG
                return line.removesuffix(b"\r")
            if len(self._input) > _LONGEST_LINE:
                self._skipping = True
                self.take_input()
            self._scanned = len(self._input)
            if self._ended:
                return None
            await self._flush()
            if self._scanned == len(self._input) and not self._ended:
                await self._wait()

    def take_input(self) -> bytes:
        """Everything that has arrived and was not read yet; it is gone from the input then."""
        data = bytes(self._input)
        self._input.clear()
        self._scanned = 0
        if self._reading_paused:
            self._resume_reading()
        return data

    def _resume_reading(self) -> None:
        self._reading_paused = False
        if self.transport is not None:
            self.transport.resume_reading()

    async def push(self, status: Any) -> None:
        """Queues a reply. It leaves when the next command is awaited, so pipelined replies share a packet."""
        reply = status if isinstance(status, str) else bytes(status).decode("utf-8", "replace")
        if _WITHOUT_ENHANCED.match(reply):
            code = reply[:3]
            reply = f"{code} {_ENHANCED.get(code, reply[0] + '.0.0')} {reply[4:]}"
        self._queue(reply)
        if self._output_size > _OUTPUT_BOUND:
            await self._flush()

    def _queue(self, reply: str) -> None:
        data = reply.encode("utf-8", "replace") + b"\r\n"
        self._output.append(data)
        self._output_size += len(data)

    async def _flush(self) -> None:
        if self._output and self.transport is not None:
            self.transport.write(b"".join(self._output))
            self._output.clear()
            self._output_size = 0
        if not self._writable.is_set():
            await self._writable.wait()

    async def _wait(self) -> None:
        self._waiter = self.loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def receive_data(self) -> Intake | None:
        """Receives a message up to its final dot; None if the client went away before. Give it to `release_data`."""
        intake = self._intake = Intake(self.desk.settings.max_message_bytes)
        self.desk.bytes_in_flight += intake.held
        early = self.take_input()
        if early:
            self._input += self._feed(intake, early) or b""
        try:
            await self._flush()
            while self._receiving() and not self._ended:
                await self._wait()
        except BaseException:
            self._intake = None
            self.release_data(intake)
            raise
        if not self._receiving():
            return intake
        self._intake = None
        self.release_data(intake)
        return None

    def _receiving(self) -> bool:
        return self._intake is not None

    def release_data(self, intake: Intake) -> None:
        """The message is stored or refused: its memory counts no more."""
        self.desk.bytes_in_flight -= intake.held

    def _feed(self, intake: Intake, data: bytes) -> bytes | None:
        before = intake.held
        rest = intake.feed(data)
        self.desk.bytes_in_flight += intake.held - before
        if rest is not None:
            self._intake = None
        elif self.desk.bytes_in_flight > self.desk.settings.max_bytes_in_flight:
            before = intake.held
            intake.starve()
            self.desk.bytes_in_flight += intake.held - before
        return rest
