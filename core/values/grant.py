"""A grant: what one agent may do with one configuration."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


class Approval(enum.StrEnum):
    """Which mails wait for the owner before they leave."""

    NEVER = "never"
    NEW_RECIPIENTS = "new_recipients"  # someone this agent has not yet written to under this grant
    ALWAYS = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantFields:
    """What a user can set on a grant.

    Recipient patterns: None is not restricted, () is nobody, otherwise any of `user@domain`, `@domain`
    (alias `*@domain`), `.domain` (any subdomain) and `*`. Block wins over allow. Limits of None are
    the configuration's; a grant may only lower them.
    """

    can_send_email: bool = True
    can_send_attachments: bool = False
    can_use_custom_from: bool = False
    daily_email_limit: int | None = None
    recipients_per_email_limit: int | None = None
    allowed_recipients: tuple[str, ...] | None = None
    blocked_recipients: tuple[str, ...] | None = None
    approval: Approval = Approval.NEVER
    expires_at: datetime | None = None
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRow:
    """One grant as stored, with the names of its two sides."""

    id: UUID
    agent_id: UUID
    agent_name: str
    smtp_config_id: UUID
    connection_name: str
    fields: GrantFields
    granted_by: UUID
    granted_at: datetime
    revoked_at: datetime | None
    created_at: datetime
    updated_at: datetime
    sent_today: int  # mails taken from today's limit (UTC day)
    recipients_today: int

    def state(self, now: datetime) -> str:
        """One word for the screen: active, off, revoked or expired."""
        if self.revoked_at is not None:
            return "revoked"
        if not self.fields.is_active:
            return "off"
        if self.fields.expires_at is not None and self.fields.expires_at <= now:
            return "expired"
        return "active"
