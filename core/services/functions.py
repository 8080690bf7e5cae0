"""The schema document's helper functions, under its names. Identity is the session's, never an argument's alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from core.audit.record import log_smtp_operation
from core.db.types import utc_now
from core.models import Agent, AgentSmtpPermission, SmtpConfiguration

__all__ = ["get_smtp_tools", "log_smtp_operation", "validate_agent_smtp_permissions"]


def get_smtp_tools(
    session: Session, agent_id: UUID, user_id: UUID, *, now: datetime | None = None
) -> list[dict[str, Any]]:
    """What this agent may use right now: one entry per tool, with the configurations it works with.

    Each entry is `{"name", "configurations": [{"id", "name", "from_email", "can_send_attachments",
    "can_use_custom_from", "daily_email_limit", "recipients_per_email_limit", "expires_at"}]}`, ordered by name.
    An agent of somebody else, a paused one and one without a grant in force have none: the list is empty.
    """
    statement = _in_force(agent_id, user_id, now or utc_now()).order_by(
        func.lower(SmtpConfiguration.connection_name)
    )
    usable = [
        {
            "id": str(configuration.id),
            "name": configuration.connection_name,
            "from_email": configuration.from_email,
            "can_send_attachments": grant.can_send_attachments,
            "can_use_custom_from": grant.can_use_custom_from,
            "daily_email_limit": _lower(grant.daily_email_limit, configuration.max_emails_per_day),
            "recipients_per_email_limit": _lower(
                grant.recipients_per_email_limit, configuration.max_recipients_per_email
            ),
            "expires_at": grant.expires_at.isoformat() if grant.expires_at else None,
        }
        for grant, configuration in session.execute(statement)
    ]
    if not usable:
        return []
    return [
        {"name": name, "configurations": usable}
        for name in ("smtp_send_email", "smtp_explain", "smtp_limits", "smtp_test_connection")
    ]


def validate_agent_smtp_permissions(
    session: Session, agent_id: UUID, user_id: UUID, smtp_config_id: UUID, *, now: datetime | None = None
) -> bool:
    """Whether this agent may send through this configuration at all right now.

    Limits and recipients depend on the mail and are not asked here: the policy asks them of each draft.
    """
    statement = _in_force(agent_id, user_id, now or utc_now())
    return session.execute(statement.where(SmtpConfiguration.id == smtp_config_id)).first() is not None


def _in_force(agent_id: UUID, user_id: UUID, now: datetime) -> Any:
    return (
        select(AgentSmtpPermission, SmtpConfiguration)
        .join(Agent, Agent.id == AgentSmtpPermission.agent_id)
        .join(
            SmtpConfiguration,
            and_(
                SmtpConfiguration.id == AgentSmtpPermission.smtp_config_id,
                SmtpConfiguration.user_id == Agent.user_id,
            ),
        )
        .where(
            Agent.id == agent_id,
            Agent.user_id == user_id,
            Agent.is_active,
            AgentSmtpPermission.is_active,
            AgentSmtpPermission.can_send_email,
            AgentSmtpPermission.revoked_at.is_(None),
            or_(AgentSmtpPermission.expires_at.is_(None), AgentSmtpPermission.expires_at > now),
            SmtpConfiguration.is_active,
            SmtpConfiguration.archived_at.is_(None),
        )
    )


def _lower(grant_limit: int | None, configuration_limit: int) -> int:
    return configuration_limit if grant_limit is None else min(grant_limit, configuration_limit)
