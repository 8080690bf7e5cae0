"""What `judge` needs to know, handed in by whoever asks: it looks nothing up itself."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFacts:
    name: str
    is_active: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationFacts:
    name: str
    from_email: str
    from_name: str | None
    reply_to_email: str | None
    is_active: bool | None
    is_archived: bool
    max_emails_per_day: int
    max_recipients_per_email: int
    max_message_bytes: int
    used_today: int  # mails


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantFacts:
    """The grant's columns. None in a permission means: not given."""

    can_send_email: bool | None
    can_send_attachments: bool | None
    can_use_custom_from: bool | None
    daily_email_limit: int | None  # None: the configuration's
    recipients_per_email_limit: int | None
    allowed_recipients: tuple[str, ...] | None  # None: anybody, (): nobody
    blocked_recipients: tuple[str, ...] | None
    approval: str
    expires_at: datetime | None
    is_active: bool | None
    is_revoked: bool
    used_today: int  # mails
    known_recipients: Set[str] = field(default_factory=frozenset)  # of this draft's, those written to before


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything the verdict depends on besides the draft itself.

    `configuration` and `grant` are None together: a configuration that is absent, another user's or not
    granted looks the same to an agent.
    """

    now: datetime
    agent: AgentFacts
    configuration: ConfigurationFacts | None
    grant: GrantFacts | None
