"""SendGrid configurations, grants on them, and their operation log."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false, text, true
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base, Created, Identified, Timestamped
from core.db.types import Json, UtcDateTime, utc_now


class SendgridConfiguration(Identified, Timestamped, Base):
    """A SendGrid account that mail can leave through."""

    __tablename__ = "sendgrid_configurations"
    __table_args__ = (
        CheckConstraint("max_emails_per_day > 0 AND max_recipients_per_email > 0", name="limits"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    api_key_vault_id: Mapped[UUID]
    from_email: Mapped[str]
    from_name: Mapped[str | None]
    reply_to_email: Mapped[str | None]
    webhook_url: Mapped[str | None]
    webhook_secret_vault_id: Mapped[UUID | None]
    is_active: Mapped[bool] = mapped_column(default=True, server_default=true())
    max_emails_per_day: Mapped[int] = mapped_column(default=1000, server_default=text("1000"))
    max_recipients_per_email: Mapped[int] = mapped_column(default=100, server_default=text("100"))


class AgentSendgridPermission(Identified, Timestamped, Base):
    """What one agent may do with one SendGrid configuration."""

    __tablename__ = "agent_sendgrid_permissions"
    __table_args__ = (
        UniqueConstraint("agent_id", "sendgrid_config_id"),
        CheckConstraint("daily_send_limit > 0 AND recipients_per_email_limit > 0", name="limits"),
    )

    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id"))
    sendgrid_config_id: Mapped[UUID] = mapped_column(ForeignKey("sendgrid_configurations.id"))
    can_send_email: Mapped[bool] = mapped_column(default=True, server_default=true())
    can_use_templates: Mapped[bool] = mapped_column(default=False, server_default=false())
    can_send_bulk: Mapped[bool] = mapped_column(default=False, server_default=false())
    can_manage_templates: Mapped[bool] = mapped_column(default=False, server_default=false())
    can_view_analytics: Mapped[bool] = mapped_column(default=False, server_default=false())
    can_receive_emails: Mapped[bool] = mapped_column(default=False, server_default=false())
    daily_send_limit: Mapped[int] = mapped_column(default=100, server_default=text("100"))
    recipients_per_email_limit: Mapped[int] = mapped_column(default=10, server_default=text("10"))
    granted_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    granted_at: Mapped[datetime] = mapped_column(
        UtcDateTime, default=utc_now, server_default=text("CURRENT_TIMESTAMP")
    )
    is_active: Mapped[bool] = mapped_column(default=True, server_default=true())
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SendgridOperationLog(Identified, Created, Base):
    """One operation on a SendGrid configuration."""

    __tablename__ = "sendgrid_operation_logs"
    __table_args__ = (Index(None, "user_id", "created_at"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("agents.id"))
    sendgrid_config_id: Mapped[UUID] = mapped_column(ForeignKey("sendgrid_configurations.id"))
    operation_type: Mapped[str]
    operation_params: Mapped[Any | None] = mapped_column(Json)
    operation_result: Mapped[Any | None] = mapped_column(Json)
    status: Mapped[str] = mapped_column(default="success", server_default=text("'success'"))
    error_message: Mapped[str | None]
    sendgrid_message_id: Mapped[str | None]
    recipients_count: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    execution_time_ms: Mapped[int] = mapped_column(default=0, server_default=text("0"))
