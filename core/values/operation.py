"""The operation log as people read it: rows, filters, the cursor that follows it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


class Outcome(enum.StrEnum):
    """What came of an operation, in the words of the screen."""

    SENT = "sent"
    HELD = "held"
    DENIED = "denied"
    FAILED = "failed"
    UNKNOWN = "unknown"
    TESTED = "tested"  # a connection test that passed; one that did not has failed


class OperationType(enum.StrEnum):
    """What was attempted (`operation_type` in the schema document)."""

    SEND_EMAIL = "send_email"
    TEST_CONNECTION = "test_connection"


class LogStatus(enum.StrEnum):
    """The schema document's `status`: coarser than the outcome."""

    SUCCESS = "success"
    ERROR = "error"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRow:
    """One row of the operation log, with the names of what it refers to.

    `params` holds what was asked (addresses, subject, sizes; never a body, never a secret), `result` what
    came of it (verdict with every check, reply per recipient, timings in milliseconds).
    """

    id: UUID
    position: LogCursor
    created_at: datetime
    user_id: UUID
    agent_id: UUID | None
    agent_name: str | None
    smtp_config_id: UUID | None
    connection_name: str | None
    delivery_id: UUID | None
    operation_type: str
    outcome: Outcome
    status: LogStatus
    params: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    recipients_count: int = 0
    has_attachments: bool = False
    email_size_bytes: int | None = None
    error_message: str | None = None
    error_code: str | None = None
    execution_time_ms: int = 0
    retry_count: int = 0

    @property
    def recipients(self) -> tuple[str, ...]:
        """To, Cc and Bcc as they were judged, in that order."""
        return tuple(address for role in ("to", "cc", "bcc") for address in self.params.get(role, ()))

    @property
    def subject(self) -> str:
        return str(self.params.get("subject", ""))


@dataclass(frozen=True, slots=True, order=True)
class LogCursor:
    """A place in the log. Rows come in the order in which their transactions became visible.

    On PostgreSQL the transaction's number comes first, as positions are drawn before commits happen.
    """

    transaction: int = 0
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """Which operations to show. None and empty mean: any. Text is sought in recipients, subject and error."""

    agent_id: UUID | None = None
    smtp_config_id: UUID | None = None
    outcomes: frozenset[Outcome] = frozenset()
    operation_type: str | None = None
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
