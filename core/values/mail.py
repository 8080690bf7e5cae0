"""What an agent asks to send, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from core.policy.verdict import Verdict
from core.values.operation import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientResult:
    """What the server said to one recipient."""

    address: str
    accepted: bool
    code: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """What came of one mail, by whatever door it entered.

    `delivery_id` is None for a mail that was denied: nothing of it is kept but the log row.
    """

    outcome: Outcome
    verdict: Verdict
    operation_id: UUID
    delivery_id: UUID | None = None
    message_id: str | None = None
    recipients: tuple[RecipientResult, ...] = ()
    reply: str = ""  # the server's last reply, redacted
    error_code: str | None = None
    error_message: str | None = None
    remedy: str | None = None
    took_ms: int = 0
    is_repeat: bool = False  # the idempotency key was used before: this is what came of the mail then


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """One mail on its way through the outbox."""

    id: UUID
    agent_id: UUID
    agent_name: str
    smtp_config_id: UUID
    connection_name: str
    state: str  # held, queued, sending, sent, failed, unknown, cancelled
    subject: str
    recipients: tuple[str, ...]
    size_bytes: int
    message_id: str
    reasons: tuple[str, ...] = field(default=())
    created_at: datetime
    updated_at: datetime
