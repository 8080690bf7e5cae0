"""The port between the outbox and the wire: what a transport is given and what it reports.

A transport never raises for what a server does: every end is a `DeliveryReport`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from core.errors import TransportError
from core.values.configuration import AuthMechanism, Security, TestReport
from core.values.mail import RecipientResult
from core.values.operation import Outcome
from core.vault.secret import Secret

# Opens the password for one use: called only when a new connection authenticates.
Unlock = Callable[[], Awaitable[Secret]]

# Awaited right before DATA: it records that from here on the outcome may become unknown. If it raises, nothing is sent.
BeforeData = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Where and how to connect. Equal settings may share connections."""

    configuration_id: UUID
    host: str
    port: int
    security: Security
    auth_mechanism: AuthMechanism
    username: str
    # Another one after every change: a new password never meets a connection that the old one opened.
    revision: int
    connection_timeout: int  # milliseconds, as the other two
    greeting_timeout: int
    socket_timeout: int
    ca_certificate: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The finished message and where it goes. The recipients stand in RCPT TO exactly as they stand here."""

    sender: str
    recipients: tuple[str, ...]
    message_id: str  # with its angle brackets
    content: bytes = field(repr=False)  # CRLF line ends


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """What came of handing one envelope to a server: sent, failed or unknown."""

    outcome: Outcome
    recipients: tuple[RecipientResult, ...] = ()
    reply: str = ""  # the server's last reply, redacted and of bounded length
    error: TransportError | None = None
    is_temporary: bool = False  # failed, but worth another try later
    timings: Mapping[str, int] = field(
        default_factory=dict
    )  # milliseconds per phase: connect, envelope, data


class Transport(Protocol):
    """A way out for mail. Safe for concurrent use by many tasks of one event loop."""

    async def send(
        self, server: ServerSettings, unlock: Unlock, envelope: Envelope, before_data: BeforeData
    ) -> DeliveryReport:
        """Hand the envelope to the server and report what it said. Some recipients accepted counts as sent."""
        ...

    async def probe(self, server: ServerSettings, unlock: Unlock) -> TestReport:
        """Walk the way to the server step by step up to authentication, sending nothing."""
        ...

    async def close(self) -> None:
        """Say goodbye to every server that is still connected."""
        ...
