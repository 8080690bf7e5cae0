"""One SMTP session: what a client's commands mean here, on aiosmtpd's state and commands.

Differs from stock aiosmtpd where that falls short: addresses are kept as sent, `<>` is the null sender, EHLO
answers in one packet, STARTTLS uses the event loop's own function, and 250 after the dot means committed.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

from aiosmtpd.smtp import SMTP, Envelope

from dev_server.auth import MECHANISMS, CaptureSession
from dev_server.desk import Desk
from dev_server.envelope import parse_parameters, parse_path
from dev_server.errors import StoreError, StoreFull
from dev_server.message import Arrival
from dev_server.wire import BUSY, TOO_LONG, Wire

_log: Final = logging.getLogger(__name__)

_MISTAKES: Final = 20
_HANDSHAKE_SECONDS: Final = 30.0
_LONGEST_HELO: Final = 255
# A web page can make a browser post to a port on this machine. Its first line gives it away.
_HTTP: Final = frozenset(("GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "CONNECT", "HOST:"))
_BEFORE_TLS: Final = frozenset(("EHLO", "HELO", "STARTTLS", "NOOP", "RSET", "QUIT", "HELP"))

_NEED_MAIL: Final = "503 5.5.1 Need MAIL before this"
_SYNTAX_MAIL: Final = "501 5.5.4 Syntax: MAIL FROM:<address> [parameters]"
_SYNTAX_RCPT: Final = "501 5.5.4 Syntax: RCPT TO:<address> [parameters]"
_NOT_UTF8: Final = "553 5.6.7 An address outside ASCII needs SMTPUTF8 in MAIL (RFC 6531)"


class CaptureProtocol(Wire):
    """One client's session. Made by the server, one per connection."""

    session: CaptureSession
    envelope: Envelope

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._mistakes = 0
        self._has_sender = False
        self._peer = ""
        self._tls: str | None = None

    def begin(self, transport: asyncio.BaseTransport) -> None:
        self._set_rset_state()
        self.session = CaptureSession(self.loop)
        peer = transport.get_extra_info("peername")
        self.session.peer = peer
        self._peer = _printed(peer)
        tls = transport.get_extra_info("ssl_object")
        self._tls = tls.version() if tls is not None else None
        self._tls_protocol = tls
        self._output.clear()

    def _create_session(self) -> CaptureSession:
        return CaptureSession(self.loop)

    def _set_rset_state(self) -> None:
        self.envelope = Envelope()
        self._has_sender = False

    # The dialogue

    async def _handle_client(self) -> None:
        try:
            await self.push(f"220 {self.hostname} ESMTP Gatepost capture server")
            while not self.dismissed:
                if self.retiring:
                    await self.push("421 4.3.2 The server is shutting down")
                    break
                line = await self.next_line()
                if line is None:
                    break
                self.idle_since = BUSY
                await self._obey(line)
                self.idle_since = self.loop.time()
            await self._flush()
        except (ConnectionError, ssl.SSLError) as error:
            _log.debug("%s: connection lost: %s", self._peer, error)
        finally:
            if self.transport is not None:
                self.transport.close()

    async def _obey(self, line: bytes) -> None:
        if line is TOO_LONG:
            await self._mistake("500 5.5.2 Line too long")
            return
        try:
            command, _, rest = line.decode("utf-8").partition(" ")
        except UnicodeDecodeError:
            await self._mistake("500 5.5.2 The command is not UTF-8")
            return
        command, argument = command.upper(), rest.strip() or None
        method = _COMMANDS.get(command)
        if method is None:
            if command in _HTTP:
                self._mistakes = _MISTAKES
            await self._mistake("500 5.5.2 Command not recognized")
        elif command not in _BEFORE_TLS and self.desk.settings.require_tls and self._tls is None:
            await self.push("530 5.7.0 Must issue a STARTTLS command first")
        else:
            try:
                await method(self, argument)
            except (ConnectionError, asyncio.CancelledError):
                raise
            except Exception:  # noqa: BLE001 - one client's input must not end its session unanswered, nor anybody else's
                _log.exception("%s: %s failed", self._peer, command)
                await self.push("451 4.3.0 The server failed on this command; its log says why")

    async def _mistake(self, reply: str) -> None:
        self._mistakes += 1
        if self._mistakes > _MISTAKES:
            reply = "421 4.7.0 Too many unknown commands"
        await self.push(reply)
        if self._mistakes > _MISTAKES:
            await self._hang_up()

    async def _hang_up(self) -> None:
        await self._flush()
        self.dismissed = True

    # Greeting

    async def smtp_HELO(self, hostname: str | None) -> None:  # noqa: N802
        if not hostname:
            await self.push("501 5.5.4 Syntax: HELO hostname")
            return
        self._greeted(hostname, extended=False)
        self._queue(f"250 {self.hostname}")

    async def smtp_EHLO(self, hostname: str | None) -> None:  # noqa: N802
        if not hostname:
            await self.push("501 5.5.4 Syntax: EHLO hostname")
            return
        self._greeted(hostname, extended=True)
        settings = self.desk.settings
        offers = [self.hostname, f"SIZE {settings.max_message_bytes}", "8BITMIME", "SMTPUTF8", "PIPELINING"]
        if self.tls_context is not None and self._tls is None:
            offers.append("STARTTLS")
        if self._offers_auth():
            offers.append("AUTH " + " ".join(MECHANISMS))
        offers += ["ENHANCEDSTATUSCODES", "HELP"]
        for offer in offers[:-1]:
            self._queue(f"250-{offer}")
        self._queue(f"250 {offers[-1]}")

    def _greeted(self, hostname: str, *, extended: bool) -> None:
        self._set_rset_state()
        self.session.extended_smtp = extended
        self.session.host_name = hostname[:_LONGEST_HELO]

    def _offers_auth(self) -> bool:
        settings = self.desk.settings
        return settings.logins != "none" and (settings.auth_without_tls or self._tls is not None)

    async def smtp_STARTTLS(self, arg: str | None) -> None:  # noqa: N802
        if arg:
            await self.push("501 5.5.4 Syntax: STARTTLS")
        elif self._tls is not None:
            await self.push("503 5.5.1 TLS is active already")
        elif self.tls_context is None:
            await self.push("502 5.5.1 STARTTLS is not offered")
        else:
            await self.push("220 2.0.0 Ready to start TLS")
            await self._flush()
            # What a client (or somebody between) sent in clear behind STARTTLS must not be obeyed under TLS.
            self.take_input()
            try:
                transport = await self.loop.start_tls(
                    self.transport,
                    self,
                    self.tls_context,
                    server_side=True,
                    ssl_handshake_timeout=_HANDSHAKE_SECONDS,
                )
            except (OSError, ssl.SSLError) as error:
                _log.info("%s: the TLS handshake failed: %s", self._peer, error)
                self.dismissed = True
                return
            if transport is None:
                self.dismissed = True
                return
            self.transport = transport
            self.begin(transport)

    async def smtp_AUTH(self, arg: str | None) -> None:  # noqa: N802
        if self._has_sender:
            await self.push("503 5.5.1 AUTH is not allowed in the middle of a mail")
        elif self.desk.settings.logins == "none":
            await self.push("502 5.5.1 AUTH is not offered")
        elif len((arg or "").split()) > 2:
            await self.push("501 5.5.4 Syntax: AUTH mechanism [initial-response]")
        else:
            self.offer_auth()
            mechanism, blank, initial = (arg or "").partition(" ")
            await super().smtp_AUTH(mechanism.upper() + blank + initial.strip())

    # One mail

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        if await self.check_helo_needed() or await self.check_auth_needed("MAIL"):
            return
        if self._has_sender:
            await self.push("503 5.5.1 The sender was given already")
            return
        path = parse_path("FROM:", arg)
        parameters = None if path is None else parse_parameters(path.parameters)
        if path is None or parameters is None:
            await self.push(_SYNTAX_MAIL)
            return
        fault = self._mail_fault(parameters)
        if fault is None and "SMTPUTF8" not in parameters and not path.address.isascii():
            fault = _NOT_UTF8
        if fault is not None:
            await self.push(fault)
            return
        self.envelope.mail_from = path.address
        self.envelope.smtp_utf8 = "SMTPUTF8" in parameters
        self._has_sender = True
        await self.push("250 2.1.0 Ok")

    def _mail_fault(self, parameters: dict[str, str | None]) -> str | None:
        for name, value in parameters.items():
            if name == "SIZE" and value is not None and value.isdecimal() and len(value) <= 20:
                if int(value) > self.desk.settings.max_message_bytes:
                    return f"552 5.3.4 The message may have {self.desk.settings.max_message_bytes} bytes"
            elif not (
                (name == "BODY" and value is not None and value.upper() in ("7BIT", "8BITMIME"))
                or (name == "SMTPUTF8" and value is None)
                or (name == "AUTH" and value is not None and self._offers_auth())
            ):
                return f"555 5.5.4 MAIL does not take {name}{'' if value is None else '='}{value or ''} here"
        return None

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        if await self.check_helo_needed() or await self.check_auth_needed("RCPT"):
            return
        if not self._has_sender:
            await self.push(_NEED_MAIL)
            return
        path = parse_path("TO:", arg)
        parameters = None if path is None else parse_parameters(path.parameters)
        if path is None or parameters is None or not path.address:
            await self.push(_SYNTAX_RCPT)
        elif parameters:
            await self.push(f"555 5.5.4 RCPT does not take {next(iter(parameters))} here")
        elif not path.address.isascii() and not self.envelope.smtp_utf8:
            await self.push(_NOT_UTF8)
        elif len(self.envelope.rcpt_tos) >= self.desk.settings.max_recipients:
            await self.push(f"452 4.5.3 A message may have {self.desk.settings.max_recipients} recipients")
        else:
            self.envelope.rcpt_tos.append(path.address)
            await self.push("250 2.1.5 Ok")

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        if not self._has_sender:
            await self.push(_NEED_MAIL)
            return
        if not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 Need a valid RCPT before this")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        self.idle_since = self.loop.time()
        intake = await self.receive_data()
        self.idle_since = BUSY
        if intake is None:
            raise ConnectionResetError("the client went away in the middle of a message")
        try:
            content = intake.content()
            if content is not None:
                await self.push(await self._store(content))
            elif intake.starved:
                await self.push("452 4.3.1 The server is receiving as much as it can; try again")
            else:
                await self.push(
                    f"552 5.3.4 The message may have {self.desk.settings.max_message_bytes} bytes"
                )
        finally:
            self.release_data(intake)
            self._set_rset_state()

    async def _store(self, content: bytes) -> str:
        arrival = Arrival(
            raw=content,
            sender=self.envelope.mail_from or "",
            recipients=tuple(self.envelope.rcpt_tos),
            received_at=datetime.now(UTC),
            peer=self._peer,
            tls=self._tls,
            auth_user=self.auth_user(),
            helo=self.session.host_name or "",
        )
        try:
            number = await self.desk.submit(arrival)
        except StoreFull:
            return "452 4.3.1 The capture store is full; the message was not accepted"
        except StoreError as error:
            _log.error("a message was not accepted: %s", error)
            return f"451 4.3.0 The message was not stored ({error.code}); try again"
        return f"250 2.0.0 Ok: captured as {number}"

    # The small ones

    async def smtp_RSET(self, arg: str | None) -> None:  # noqa: N802
        if arg:
            await self.push("501 5.5.4 Syntax: RSET")
            return
        self._set_rset_state()
        await self.push("250 2.0.0 Ok")

    async def smtp_HELP(self, arg: str | None) -> None:  # noqa: N802
        await self.push(f"214 2.0.0 Commands: {' '.join(sorted(_COMMANDS))}")

    async def smtp_VRFY(self, arg: str | None) -> None:  # noqa: N802
        if not arg:
            await self.push("501 5.5.4 Syntax: VRFY address")
        else:
            await self.push("252 2.5.0 Every address is captured here; none is verified")

    async def smtp_QUIT(self, arg: str | None) -> None:  # noqa: N802
        await self.push("221 2.0.0 Bye")
        await self._hang_up()


_COMMANDS: Final[dict[str, Callable[[Any, Any], Awaitable[None]]]] = {
    "HELO": CaptureProtocol.smtp_HELO,
    "EHLO": CaptureProtocol.smtp_EHLO,
    "STARTTLS": CaptureProtocol.smtp_STARTTLS,
    "AUTH": CaptureProtocol.smtp_AUTH,
    "MAIL": CaptureProtocol.smtp_MAIL,
    "RCPT": CaptureProtocol.smtp_RCPT,
    "DATA": CaptureProtocol.smtp_DATA,
    "RSET": CaptureProtocol.smtp_RSET,
    "NOOP": SMTP.smtp_NOOP,
    "HELP": CaptureProtocol.smtp_HELP,
    "VRFY": CaptureProtocol.smtp_VRFY,
    "EXPN": SMTP.smtp_EXPN,
    "QUIT": CaptureProtocol.smtp_QUIT,
}


def _printed(peer: Any) -> str:
    if isinstance(peer, tuple) and len(peer) >= 2:
        return f"[{peer[0]}]:{peer[1]}" if ":" in str(peer[0]) else f"{peer[0]}:{peer[1]}"
    return str(peer or "")
