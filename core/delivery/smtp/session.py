"""One dialogue with one server: connect, greet, secure, introduce, authenticate; then commands.

Every stage raises `Fault` when it fails, and then the session is of no further use.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable
from itertools import islice
from time import perf_counter
from typing import Any

from aiosmtplib.errors import SMTPResponseException, SMTPServerDisconnected, SMTPTimeoutError
from aiosmtplib.esmtp import parse_esmtp_extensions
from aiosmtplib.response import SMTPResponse

from core.delivery.smtp import connecting, faults
from core.delivery.smtp.connecting import Address
from core.delivery.smtp.faults import Fault, Phase, Reply
from core.delivery.smtp.tls import failed_handshake
from core.delivery.smtp.wire import Wire
from core.delivery.transport import ServerSettings
from core.errors import PlaintextRefused, StartTlsMissing
from core.values.configuration import Security
from core.vault.redact import Redactor
from core.vault.secret import Secret

# How long a server may take to answer QUIT: nothing depends on the answer.
_PATIENCE_AT_THE_END = 2.0  # seconds
_SHOWN_CAPABILITIES = 100
_REMEMBERED_TEXTS = 64
_COMMAND_UNKNOWN = (500, 502)


class Session:
    """A dialogue with a server. Use it from one task at a time."""

    def __init__(self, settings: ServerSettings, local_hostname: str | None = None) -> None:
        self.settings = settings
        self.extensions: dict[str, str] = {}
        self.mechanisms: tuple[str, ...] = ()
        self.greeting: Reply | None = None
        self.messages = 0  # that were handed over in this session
        self.is_in_mail = False  # between MAIL FROM and the end of that mail
        self.timings: dict[str, int] = {}  # milliseconds: tls, auth
        self._local_hostname = local_hostname
        self._redactor: Redactor | None = None
        self._shown_before: dict[str, str] = {}  # servers say the same thing again and again
        self._loop = asyncio.get_running_loop()
        self._wire = Wire(self._loop)
        self._socket: socket.socket | None = None  # connected, and not yet attached
        self._deadline = 0.0  # of connection_timeout, in loop time
        self._is_sound = True

    # The stages of opening

    async def connect(self, addresses: tuple[Address, ...]) -> None:
        """Connect to the first address that answers. `attach` comes next."""
        self._deadline = self._loop.time() + self.settings.connection_timeout / 1000
        self._socket = await connecting.connect(self.settings, addresses, self._deadline)

    async def attach(self, tls: ssl.SSLContext | None = None) -> None:
        """Begin the dialogue, in TLS if a context is given, within what connection_timeout leaves."""
        begun = perf_counter()
        timeout = self.settings.connection_timeout
        connection, self._socket = self._socket, None
        try:
            async with asyncio.timeout_at(self._deadline):
                await self._loop.create_connection(
                    lambda: self._wire,
                    sock=connection,
                    ssl=tls,
                    server_hostname=self._tls_name if tls else None,
                    ssl_handshake_timeout=timeout / 1000 + 1 if tls else None,  # never before the deadline
                )
        except TimeoutError:
            raise faults.timed_out(self.settings, Phase.TLS if tls else Phase.CONNECT, timeout) from None
        except (OSError, ValueError) as error:  # ValueError: a host name that can't stand in TLS
            raise failed_handshake(self.settings, error) from error
        if tls:
            self.timings["tls"] = _milliseconds_since(begun)
        elif self.settings.security is Security.PLAINTEXT and not connecting.is_loopback(self.peer):
            raise Fault(
                PlaintextRefused(f"{faults.place(self.settings)} led to another machine, {self.peer}.")
            )

    async def greet(self) -> None:
        """Wait for the server's greeting."""
        timeout = self.settings.greeting_timeout
        response = await self._read(Phase.GREETING, timeout, self._wire.read_response(timeout / 1000))
        self.greeting = self._checked(Phase.GREETING, response)
        if self.greeting.code != 220:
            raise faults.refused(self.settings, Phase.GREETING, self.greeting)

    async def introduce(self) -> None:
        """Say EHLO, and learn what the server offers. A server of old gets HELO, and offers nothing."""
        hostname = (self._local_hostname or self._address_literal()).encode("ascii")
        response = await self._execute(Phase.EHLO, b"EHLO", hostname)
        self.extensions, self.mechanisms = {}, ()
        if response.code in _COMMAND_UNKNOWN:
            response = await self._execute(Phase.EHLO, b"HELO", hostname)
        elif response.code == 250:
            extensions, mechanisms = parse_esmtp_extensions(response.message)
            self.extensions = {faults.clean(name): faults.clean(value) for name, value in extensions.items()}
            self.mechanisms = tuple(dict.fromkeys(faults.clean(name) for name in mechanisms))
        reply = self._checked(Phase.EHLO, response)
        if reply.code != 250:
            raise faults.refused(self.settings, Phase.EHLO, reply)

    async def start_tls(self, tls: ssl.SSLContext) -> None:
        """Turn the connection into TLS (RFC 3207) or raise: nothing else is ever said in clear."""
        if "starttls" not in self.extensions:
            raise Fault(StartTlsMissing(f"{faults.place(self.settings)} does not offer STARTTLS."))
        self._refuse_unread(Phase.STARTTLS)
        begun = perf_counter()
        timeout = self.settings.connection_timeout
        try:
            # Each of reply and handshake has connection_timeout. What came in clear behind the reply is
            # discarded by aiosmtplib, or met by the handshake, which it breaks.
            await self._wire.start_tls(tls, server_hostname=self._tls_name, timeout=timeout / 1000)
        except SMTPResponseException as error:
            response = SMTPResponse(error.code, error.message)
            raise faults.refused(
                self.settings, Phase.STARTTLS, self._checked(Phase.STARTTLS, response)
            ) from None
        except SMTPTimeoutError as error:
            phase = Phase.TLS if isinstance(error.__cause__, ConnectionAbortedError) else Phase.STARTTLS
            raise faults.timed_out(self.settings, phase, timeout) from None
        except SMTPServerDisconnected as error:
            if error.__cause__ is None:
                raise faults.disconnected(self.settings, Phase.STARTTLS) from None
            raise failed_handshake(self.settings, error) from error
        except (OSError, ValueError) as error:
            raise failed_handshake(self.settings, error) from error
        # RFC 3207 4.2: what was learned in clear is forgotten.
        self.extensions, self.mechanisms = {}, ()
        self.timings["tls"] = _milliseconds_since(begun)

    # What is known of the connection

    @property
    def is_usable(self) -> bool:
        """Whether a further message can be sent in this session, as far as can be seen from here."""
        return (
            self._is_sound and not self.is_in_mail and self._wire.is_connected and not self._wire.has_unread
        )

    @property
    def is_secured(self) -> bool:
        return self.tls_object is not None

    @property
    def _tls_name(self) -> str:
        """The name that the certificate must have: the host without the dot that marks it as complete."""
        return self.settings.host.removesuffix(".")

    @property
    def peer(self) -> str:
        """The address that is connected to."""
        name = self._info("peername")
        return str(name[0]) if name else ""

    @property
    def tls_object(self) -> ssl.SSLObject | None:
        found = self._info("ssl_object")
        return found if isinstance(found, ssl.SSLObject) else None

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What the server offers, as EHLO's lines had it."""
        lines = (f"{name.upper()} {value}".rstrip() for name, value in self.extensions.items())
        return tuple(faults.shorten(line) for line in islice(lines, _SHOWN_CAPABILITIES))

    def remember_secrets(self, *secrets: Secret) -> None:
        """From now on these are taken out of every reply."""
        self._redactor = Redactor(secrets, username=self.settings.username or None)
        self._shown_before.clear()

    # Commands

    async def command(self, phase: Phase, *parts: bytes) -> Reply:
        """Send a command and return the reply, refusals too. Raises Fault for 421 and for no reply."""
        reply = self._checked(phase, await self._execute(phase, *parts))
        if reply.code == 421:
            raise faults.refused(self.settings, phase, reply)
        return reply

    async def content(self, stuffed: bytes) -> Reply:
        """Hand the message over after 354. Once its end is given away, a Fault carries OutcomeUnknown."""
        timeout = self.settings.socket_timeout
        try:
            await self._wire.send_content(stuffed, timeout / 1000)
        except (TimeoutError, ConnectionError) as error:
            phase = Phase.CONTENT if self._wire.is_handed_over else Phase.UPLOAD
            if not self._wire.has_reply():
                if isinstance(error, TimeoutError):
                    raise faults.timed_out(self.settings, phase, timeout) from None
                raise faults.disconnected(self.settings, phase) from None
            self._is_sound = False  # a reply came before the end; nothing can follow half a message
        reading = self._wire.read_response(timeout / 1000)
        reply = self._checked(Phase.CONTENT, await self._read(Phase.CONTENT, timeout, reading))
        if reply.is_positive and not self._wire.is_handed_over:
            raise faults.not_smtp(self.settings, Phase.CONTENT, f"{reply.line} before its end")
        return reply

    async def reset(self) -> None:
        """Forget a begun mail (RSET). A session where that fails is aborted; nothing is raised."""
        try:
            reply = await self.command(Phase.RSET, b"RSET")
        except Fault:
            self.abort()
        else:
            if not reply.is_positive:
                self.abort()
            self.is_in_mail = False

    async def quit(self) -> None:
        """Say goodbye and close. Never raises; takes a few seconds at most."""
        seconds = min(self.settings.socket_timeout / 1000, _PATIENCE_AT_THE_END)
        self._is_sound = False
        try:
            if self._wire.is_connected and not self._wire.has_unread:
                with contextlib.suppress(OSError, SMTPResponseException):
                    await self._wire.execute_command(b"QUIT", timeout=seconds)
            await self._wire.close_gently(seconds)
        finally:
            self._wire.abort()

    def abort(self) -> None:
        """Drop the connection without a word."""
        self._is_sound = False
        if self._socket is not None:
            self._socket.close()
        self._wire.abort()

    # The pieces

    async def _execute(self, phase: Phase, *parts: bytes) -> SMTPResponse:
        self._refuse_unread(phase)
        timeout = self.settings.socket_timeout
        return await self._read(phase, timeout, self._wire.execute_command(*parts, timeout=timeout / 1000))

    async def _read(self, phase: Phase, timeout: int, reading: Awaitable[SMTPResponse]) -> SMTPResponse:
        try:
            return await reading
        except SMTPTimeoutError:
            raise faults.timed_out(self.settings, phase, timeout) from None
        except SMTPResponseException as error:  # no reply at all, or one without end
            raise faults.not_smtp(self.settings, phase, self._shown(error.message)) from None
        except ConnectionError:
            raise faults.disconnected(self.settings, phase) from None

    def _refuse_unread(self, phase: Phase) -> None:
        if self._wire.has_unread:
            raise faults.out_of_step(self.settings, phase)

    def _checked(self, phase: Phase, response: SMTPResponse) -> Reply:
        """The response as a reply that can be shown. Raises Fault if it is none."""
        if not 200 <= response.code < 600:
            raise faults.not_smtp(self.settings, phase, self._shown(response.message))
        return Reply(response.code, response.message, self._shown)

    def _shown(self, raw: str) -> str:
        """A server's text as it may be shown and kept."""
        shown = self._shown_before.get(raw)
        if shown is None:
            # Redacted before it is cut and again once hidden characters are gone: either could hide a secret.
            text = self._redacted(raw)
            cleaned = faults.clean(text)
            shown = faults.shorten(cleaned if cleaned == text else self._redacted(cleaned))
            if len(self._shown_before) >= _REMEMBERED_TEXTS:
                self._shown_before.clear()
            self._shown_before[raw] = shown
        return shown

    def _redacted(self, text: str) -> str:
        return self._redactor.redact(text) if self._redactor else text

    def _address_literal(self) -> str:
        """This side's address as EHLO wants it where there is no proper host name (RFC 5321 4.1.3)."""
        name = self._info("sockname")
        address = str(name[0]) if name else "127.0.0.1"
        return f"[IPv6:{address.partition('%')[0]}]" if ":" in address else f"[{address}]"

    def _info(self, key: str) -> Any:
        transport = self._wire.transport
        return transport.get_extra_info(key) if transport is not None else None


def _milliseconds_since(begun: float) -> int:
    return round((perf_counter() - begun) * 1000)
