"""The tables: those of the schema document, column for column, and those that the design adds.

Columns to which the document gives a default are NOT NULL here: a NULL has no meaning in them. Importing this
package registers every table on `Base.metadata`.
"""

from core.models.delivery import Delivery, QuotaUsage, WrittenRecipient
from core.models.identity import Agent, AgentToken, User
from core.models.oauth import AgentOAuthPermission, OAuthProvider, UserOAuthConnection
from core.models.operation import LogSeal, SmtpOperationLog
from core.models.policies import declare_policies
from core.models.sendgrid import AgentSendgridPermission, SendgridConfiguration, SendgridOperationLog
from core.models.smtp import AgentSmtpPermission, SmtpConfiguration
from core.models.vault import VaultKey, VaultSecret
from core.models.workspace import WorkspaceInfo

__all__ = [
    "Agent",
    "AgentOAuthPermission",
    "AgentSendgridPermission",
    "AgentSmtpPermission",
    "AgentToken",
    "Delivery",
    "LogSeal",
    "OAuthProvider",
    "QuotaUsage",
    "SendgridConfiguration",
    "SendgridOperationLog",
    "SmtpConfiguration",
    "SmtpOperationLog",
    "User",
    "UserOAuthConnection",
    "VaultKey",
    "VaultSecret",
    "WorkspaceInfo",
    "WrittenRecipient",
]

declare_policies()
