"""SMTP configurations and what agents may do with them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, false, text, true
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base, Identified, Timestamped
from core.db.types import Json, UtcDateTime, utc_now
from core.values.configuration import DEFAULT_MAX_MESSAGE_BYTES


class SmtpConfiguration(Identified, Timestamped, Base):
    """Where mail leaves, and as whom.

    Beyond the document: `auth_mechanism`, `allow_plaintext`, `ca_certificate` (how the way there is protected),
    `max_message_bytes` (the policy's size rule), `on_uncertain`, `archived_at`. Without authentication user name
    and `vault_password_id` are empty; an archived configuration's secret is destroyed and its id emptied too.
    """

    __tablename__ = "smtp_configurations"
    __table_args__ = (
        UniqueConstraint("user_id", "connection_name"),
        CheckConstraint("port BETWEEN 1 AND 65535", name="port"),
        CheckConstraint("test_status IN ('success', 'failed', 'pending')", name="test_status"),
        CheckConstraint(
            "connection_timeout > 0 AND socket_timeout > 0 AND greeting_timeout > 0", name="timeouts"
        ),
        CheckConstraint(
            "max_emails_per_day > 0 AND max_recipients_per_email > 0 AND max_message_bytes > 0", name="limits"
        ),
        CheckConstraint(
            "auth_mechanism IN ('auto', 'cram-md5', 'plain', 'login', 'none')", name="auth_mechanism"
        ),
        CheckConstraint("on_uncertain IN ('wait', 'retry')", name="on_uncertain"),
        CheckConstraint("NOT (secure AND allow_plaintext)", name="plaintext"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    connection_name: Mapped[str]

    host: Mapped[str]
    port: Mapped[int] = mapped_column(default=587, server_default=text("587"))
    secure: Mapped[bool] = mapped_column(default=False, server_default=false())
    allow_plaintext: Mapped[bool] = mapped_column(default=False, server_default=false())
    ca_certificate: Mapped[str | None]

    username: Mapped[str]
    vault_password_id: Mapped[str]
    auth_mechanism: Mapped[str] = mapped_column(default="auto", server_default=text("'auto'"))

    from_email: Mapped[str]
    from_name: Mapped[str | None]
    reply_to_email: Mapped[str | None]

    connection_timeout: Mapped[int] = mapped_column(default=60_000, server_default=text("60000"))
    socket_timeout: Mapped[int] = mapped_column(default=60_000, server_default=text("60000"))
    greeting_timeout: Mapped[int] = mapped_column(default=30_000, server_default=text("30000"))

    max_emails_per_day: Mapped[int] = mapped_column(default=100, server_default=text("100"))
    max_recipients_per_email: Mapped[int] = mapped_column(default=50, server_default=text("50"))
    max_message_bytes: Mapped[int] = mapped_column(
        default=DEFAULT_MAX_MESSAGE_BYTES, server_default=text(str(DEFAULT_MAX_MESSAGE_BYTES))
    )

    is_active: Mapped[bool] = mapped_column(default=True, server_default=true())
    on_uncertain: Mapped[str] = mapped_column(default="wait", server_default=text("'wait'"))
    last_tested_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    test_status: Mapped[str] = mapped_column(default="pending", server_default=text("'pending'"))
    test_error_message: Mapped[str | None]
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AgentSmtpPermission(Identified, Timestamped, Base):
    """A grant: what one agent may do with one configuration.

    Beyond the document: `approval`, `revoked_at`, one row per pair, limits above zero.
    """

    __tablename__ = "agent_smtp_permissions"
    __table_args__ = (
        UniqueConstraint("agent_id", "smtp_config_id"),
        CheckConstraint(
            "daily_email_limit > 0 AND recipients_per_email_limit > 0", name="limits"
        ),  # NULL passes a check: it means the configuration's limit
        CheckConstraint("approval IN ('never', 'new_recipients', 'always')", name="approval"),
    )

    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    smtp_config_id: Mapped[UUID] = mapped_column(ForeignKey("smtp_configurations.id"), index=True)

    can_send_email: Mapped[bool] = mapped_column(default=True, server_default=true())
    can_send_attachments: Mapped[bool] = mapped_column(default=False, server_default=false())
    can_use_custom_from: Mapped[bool] = mapped_column(default=False, server_default=false())

    daily_email_limit: Mapped[int | None]
    recipients_per_email_limit: Mapped[int | None]

    allowed_recipients: Mapped[list[Any] | None] = mapped_column(Json)
    blocked_recipients: Mapped[list[Any] | None] = mapped_column(Json)
    approval: Mapped[str] = mapped_column(default="never", server_default=text("'never'"))

    granted_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    granted_at: Mapped[datetime] = mapped_column(
        UtcDateTime, default=utc_now, server_default=text("CURRENT_TIMESTAMP")
    )
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_active: Mapped[bool] = mapped_column(default=True, server_default=true())
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
