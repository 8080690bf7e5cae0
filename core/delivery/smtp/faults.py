"""What can go wrong on the way to a server, as errors that a person can act on."""

from __future__ import annotations

import enum
import errno
import re
import socket
import unicodedata
from collections.abc import Callable

from core.delivery.transport import ServerSettings
from core.errors import (
    ConnectionRefused,
    HostUnknown,
    OutcomeUnknown,
    ServerDeferred,
    ServerDisconnected,
    ServerProtocolError,
    ServerRejected,
    ServerTimeout,
    TransportError,
)
from core.values.mail import RecipientResult

# Of a server's reply only this many characters are kept: enough for every honest one.
MAX_REPLY = 500

_ORDINARY = re.compile(r"[ -~]*")


class Phase(enum.StrEnum):
    """What is waited for. The value completes "No answer to …"."""

    RESOLVE = "the look-up of the host name"
    CONNECT = "the connection request"
    TLS = "the TLS handshake"
    GREETING = "the connection: no greeting came"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    MAIL = "MAIL FROM"
    RCPT = "RCPT TO"
    DATA = "DATA"
    UPLOAD = "the first part of the message"
    CONTENT = "the message"
    RSET = "RSET"
    QUIT = "QUIT"


class Reply:
    """A server's reply. Its text is redacted, without control characters, on one line and of bounded length.

    The text is made when it is asked for: redacting takes as long as all else, and most replies are only a code.
    """

    __slots__ = ("_raw", "_show", "code")

    def __init__(self, code: int, raw: str, show: Callable[[str], str]) -> None:
        self.code = code
        self._raw = raw
        self._show = show

    @property
    def text(self) -> str:
        return self._show(self._raw)

    @property
    def is_positive(self) -> bool:
        return 200 <= self.code < 300

    @property
    def is_temporary(self) -> bool:
        return 400 <= self.code < 500

    @property
    def is_refusal(self) -> bool:
        return 400 <= self.code < 600

    @property
    def line(self) -> str:
        return f"{self.code} {self.text}".rstrip()


class Fault(Exception):
    """A step that failed, on its way to the report. It never leaves this package."""

    def __init__(
        self,
        error: TransportError,
        *,
        is_temporary: bool = False,
        reply: Reply | None = None,
        is_stale: bool = False,
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.is_temporary = is_temporary
        self.reply = reply
        # Such an end is ordinary for a connection that was kept: the server had closed or forgotten it.
        self.is_stale = is_stale
        self.recipients: tuple[RecipientResult, ...] = ()


def clean(text: str) -> str:
    """A server's text on one line: control, invisible and direction-changing characters taken out."""
    if not _ORDINARY.fullmatch(text):
        text = "".join(
            " " if character.isspace() else character
            for character in text
            if character.isspace() or unicodedata.category(character)[0] != "C"
        )
    return " ".join(text.split())


def shorten(text: str) -> str:
    return text if len(text) <= MAX_REPLY else text[: MAX_REPLY - 1] + "…"


def place(settings: ServerSettings) -> str:
    """The server as sentences name it."""
    return f"{clean(settings.host)}:{settings.port}"


def timed_out(settings: ServerSettings, phase: Phase, milliseconds: int) -> Fault:
    waited = f"within {milliseconds / 1000:g} s"
    if phase is Phase.CONTENT:
        return Fault(
            OutcomeUnknown(
                f"{place(settings)} took the message and did not answer {waited}: it may have been sent."
            )
        )
    remedy = None
    if phase is Phase.GREETING and settings.port == 465:
        remedy = "Port 465 usually expects implicit TLS: choose it as security, or use port 587."
    message = f"No answer to {phase} from {place(settings)} {waited}."
    if phase is Phase.GREETING:
        message = f"{place(settings)} accepted the connection, but no greeting came {waited}."
    elif phase is Phase.UPLOAD:
        message = f"{place(settings)} took only a part of the message, and no more {waited}."
    return Fault(ServerTimeout(message, remedy=remedy), is_temporary=True, is_stale=True)


def disconnected(settings: ServerSettings, phase: Phase) -> Fault:
    if phase is Phase.CONTENT:
        return Fault(
            OutcomeUnknown(
                f"{place(settings)} took the message and closed the connection: it may have been sent."
            )
        )
    message = f"{place(settings)} closed the connection instead of answering {phase}."
    if phase is Phase.GREETING:
        message = f"{place(settings)} closed the connection without a greeting."
    elif phase is Phase.UPLOAD:
        message = f"{place(settings)} closed the connection in the middle of the message."
    return Fault(ServerDisconnected(message), is_temporary=True, is_stale=True)


def not_smtp(settings: ServerSettings, phase: Phase, seen: str) -> Fault:
    """The answer was too long or no reply at all."""
    if phase is Phase.CONTENT:
        return Fault(
            OutcomeUnknown(
                f"{place(settings)} answered the message with something that is no SMTP reply ({seen}): "
                "it may have been sent."
            )
        )
    subject = "the connection" if phase is Phase.GREETING else phase
    return Fault(
        ServerProtocolError(
            f"{place(settings)} answered {subject} with something that is no SMTP reply ({seen})."
        )
    )


def out_of_step(settings: ServerSettings, phase: Phase) -> Fault:
    """More than one reply came to the command before. What follows could not be told apart."""
    message = (
        f"{place(settings)} sent more than one reply before {phase}, so its answers can't be told apart."
    )
    return Fault(ServerProtocolError(message), is_temporary=True, is_stale=True)


def refused(settings: ServerSettings, phase: Phase, reply: Reply) -> Fault:
    """A reply of 4xx or 5xx, or one that has no meaning here."""
    where = (
        f"{place(settings)} refused the connection"
        if phase is Phase.GREETING
        else f"{place(settings)} refused {phase}"
    )
    if reply.code == 421:
        message = f"{place(settings)} is closing the connection: {reply.line}"
        return Fault(ServerDeferred(message), is_temporary=True, reply=reply, is_stale=True)
    if reply.is_temporary:
        return Fault(ServerDeferred(f"{where} for now: {reply.line}"), is_temporary=True, reply=reply)
    if 500 <= reply.code < 600:
        return Fault(ServerRejected(f"{where}: {reply.line}"), reply=reply)
    return not_smtp(settings, phase, f"unexpected reply {reply.line}")


def unresolved(settings: ServerSettings, error: OSError | UnicodeError) -> Fault:
    host = clean(settings.host)
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        message = f"The address of {host!r} could not be looked up: the name service did not answer."
        return Fault(
            HostUnknown(message, remedy="Check this machine's network, or try again later."),
            is_temporary=True,
        )
    return Fault(HostUnknown(f"The host {host!r} is unknown."))


def unreachable(settings: ServerSettings, address: str, error: OSError) -> Fault:
    reasons = {
        errno.ECONNREFUSED: "refused the connection: nothing listens on that port",
        errno.EHOSTUNREACH: "can't be reached from here",
        errno.ENETUNREACH: "can't be reached from here: there is no network to it",
        errno.ETIMEDOUT: "did not answer the connection request",
        errno.ECONNRESET: "closed the connection at once",
        errno.EACCES: "can't be reached: this machine's firewall forbids it",
        errno.EPERM: "can't be reached: this machine's firewall forbids it",
    }
    reason = reasons.get(
        error.errno or 0, f"can't be reached ({clean(error.strerror or type(error).__name__)})"
    )
    seen = "" if address == settings.host else f" ({address})"
    return Fault(ConnectionRefused(f"{place(settings)}{seen} {reason}."), is_temporary=True)
