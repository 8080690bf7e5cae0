"""The outbox, the counters behind the limits, and whom an agent has written to."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base, Identified, Timestamped
from core.db.types import Json, UtcDateTime


class Delivery(Identified, Timestamped, Base):
    """One message on its way through the outbox. Bytes, envelope and Message-ID are fixed when it is enqueued.

    `data_started_at` is set before DATA is spoken: a delivery that died before it can be sent again safely,
    one that died after it, unanswered, has an unknown outcome.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("agent_id", "idempotency_key"),
        CheckConstraint(
            "state IN ('held', 'queued', 'sending', 'sent', 'failed', 'unknown', 'cancelled')", name="state"
        ),
        Index(None, "state", "lease_expires_at"),
        Index(None, "user_id", "id"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    smtp_config_id: Mapped[UUID] = mapped_column(ForeignKey("smtp_configurations.id"))
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("agent_smtp_permissions.id"))

    state: Mapped[str]
    reasons: Mapped[list[Any]] = mapped_column(Json, default=list, server_default=text("'[]'"))
    idempotency_key: Mapped[str | None]
    request_hash: Mapped[bytes | None] = mapped_column(
        LargeBinary(32)
    )  # of what was asked, where a key is given
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(32))  # of envelope and bytes, for approvals

    envelope_from: Mapped[str]
    recipients: Mapped[list[Any]] = mapped_column(Json)  # addresses as they stand in RCPT TO
    params: Mapped[dict[str, Any]] = mapped_column(Json)  # what the log row will say was asked
    message_id: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    size_bytes: Mapped[int]

    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    lease_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    data_started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)


class QuotaUsage(Base):
    """What was taken from a limit on one day (UTC): one row per configuration or grant and day."""

    __tablename__ = "quota_usage"
    __table_args__ = (
        CheckConstraint("mails >= 0 AND recipients >= 0", name="counts"),
        CheckConstraint("scope IN ('smtp_configuration', 'smtp_grant')", name="scope"),
    )

    scope_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    scope: Mapped[str]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    mails: Mapped[int]
    recipients: Mapped[int]


class WrittenRecipient(Base):
    """Someone that an agent has successfully written to under a grant: no longer new to it."""

    __tablename__ = "written_recipients"

    grant_id: Mapped[UUID] = mapped_column(ForeignKey("agent_smtp_permissions.id"), primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    first_sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
