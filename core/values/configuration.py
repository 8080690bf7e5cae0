"""An SMTP configuration as people see and edit it: fields, checks, presets' target, test report."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

# The largest mail that a configuration lets through unless it says otherwise (25 MiB, the usual limit of providers).
DEFAULT_MAX_MESSAGE_BYTES = 25 * 1024 * 1024


class Security(enum.StrEnum):
    """How the way to the server is protected."""

    STARTTLS = "starttls"  # STARTTLS is required: a server that does not offer it gets nothing (port 587)
    IMPLICIT_TLS = "tls"  # TLS from the first byte (port 465); `secure = true` in the schema document
    PLAINTEXT = "none"  # no TLS at all: loopback addresses only


class AuthMechanism(enum.StrEnum):
    """How the user proves who they are to the server."""

    AUTO = "auto"  # the strongest of those below that the server offers
    CRAM_MD5 = "cram-md5"
    PLAIN = "plain"
    LOGIN = "login"
    NONE = "none"  # the server wants no credentials


class OnUncertain(enum.StrEnum):
    """What becomes of a mail whose outcome is unknown."""

    WAIT = "wait"  # the user decides
    RETRY = "retry"  # it is sent again, at the risk of a second copy


class CheckStatus(enum.StrEnum):
    """The outcome of the last connection test (`test_status` in the schema document)."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationFields:
    """What a user can set on an SMTP configuration. The password is never part of it."""

    connection_name: str
    host: str
    port: int = 587
    security: Security = Security.STARTTLS
    auth_mechanism: AuthMechanism = AuthMechanism.AUTO
    username: str = ""
    from_email: str
    from_name: str | None = None
    reply_to_email: str | None = None
    connection_timeout: int = 60_000  # milliseconds
    greeting_timeout: int = 30_000  # milliseconds
    socket_timeout: int = 60_000  # milliseconds, per command
    max_emails_per_day: int = 100
    max_recipients_per_email: int = 50
    max_message_bytes: int = DEFAULT_MAX_MESSAGE_BYTES
    ca_certificate: str | None = None  # PEM: trusted instead of the system's authorities
    on_uncertain: OnUncertain = OnUncertain.WAIT
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationRow:
    """One configuration as stored, with what happened to it."""

    id: UUID
    user_id: UUID
    fields: ConfigurationFields
    has_password: bool
    last_tested_at: datetime | None
    test_status: CheckStatus
    test_error_message: str | None
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime
    sent_today: int  # mails taken from today's limit (UTC day)
    recipients_today: int

    @property
    def name(self) -> str:
        return self.fields.connection_name


class StepStatus(enum.StrEnum):
    """What became of one step of a connection test."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"  # an earlier step failed, or the configuration does not ask for it


@dataclass(frozen=True, slots=True, kw_only=True)
class TestStep:
    """One step of a connection test, in the order it happened."""

    name: str  # resolve, connect, greeting, tls, capabilities, authentication
    status: StepStatus
    detail: str  # what was seen: the address, the TLS version, the reply …
    took_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TestReport:
    """What a connection test saw. Nothing was sent."""

    steps: tuple[TestStep, ...]
    addresses: tuple[str, ...] = ()
    tls_version: str | None = None  # for example TLSv1.3
    tls_cipher: str | None = None
    certificate_subject: str | None = None
    certificate_issuer: str | None = None
    certificate_names: tuple[str, ...] = ()
    certificate_expires_at: datetime | None = None
    capabilities: tuple[str, ...] = ()  # the EHLO lines after TLS
    authenticated_with: str | None = None
    error_code: str | None = None  # code of a `core.errors.TransportError`
    error_message: str | None = None
    remedy: str | None = None
    took_ms: int = 0

    @property
    def ok(self) -> bool:
        return self.error_code is None
