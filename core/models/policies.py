"""The policies of every table that belongs to users (the schema document's, and alike for what we add).

A grant is visible to who gave it and to who owns the agent, as the document says.
"""

from __future__ import annotations

from sqlalchemy import or_, select

from core.db.row_security import protect
from core.models.delivery import Delivery, QuotaUsage, WrittenRecipient
from core.models.identity import Agent, AgentToken
from core.models.oauth import AgentOAuthPermission, UserOAuthConnection
from core.models.operation import LogSeal, SmtpOperationLog
from core.models.sendgrid import AgentSendgridPermission, SendgridConfiguration, SendgridOperationLog
from core.models.smtp import AgentSmtpPermission, SmtpConfiguration
from core.models.vault import VaultSecret


def declare_policies() -> None:
    """Give every table that belongs to users its policy. Called once, when the models are loaded."""
    for model in (
        Agent,
        AgentToken,
        UserOAuthConnection,
        SmtpConfiguration,
        SendgridConfiguration,
        SmtpOperationLog,
        SendgridOperationLog,
        VaultSecret,
        QuotaUsage,
        Delivery,
        WrittenRecipient,
        LogSeal,
    ):
        protect(model, lambda user, model=model: model.user_id == user, owner="user_id")  # type: ignore[misc]

    for grant, granted_by in (
        (AgentSmtpPermission, "granted_by"),
        (AgentSendgridPermission, "granted_by"),
        (AgentOAuthPermission, "granted_by_user_id"),
    ):
        protect(
            grant,
            lambda user, grant=grant, granted_by=granted_by: or_(  # type: ignore[misc]
                getattr(grant, granted_by) == user,
                grant.agent_id.in_(select(Agent.id).where(Agent.user_id == user)),
            ),
            owner=granted_by,
        )
