"""The answer of the policy to a draft: allowed, held or denied, with every rule that was asked."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Decision(enum.StrEnum):
    """What may become of a draft."""

    ALLOWED = "allowed"
    HELD = "held"
    DENIED = "denied"


class Rule(enum.StrEnum):
    """Every rule of the policy. The value is the stable code in logs, JSON and SMTP replies."""

    DRAFT_VALID = "draft_valid"
    AGENT_ACTIVE = "agent_active"
    GRANTED = "granted"  # there is a grant; a configuration that is absent looks the same
    GRANT_ACTIVE = "grant_active"
    GRANT_NOT_EXPIRED = "grant_not_expired"
    CONFIGURATION_ACTIVE = "configuration_active"
    CONFIGURATION_NOT_ARCHIVED = "configuration_not_archived"
    CAN_SEND_EMAIL = "can_send_email"
    CAN_SEND_ATTACHMENTS = "can_send_attachments"
    CAN_USE_CUSTOM_FROM = "can_use_custom_from"
    RECIPIENTS_ALLOWED = "recipients_allowed"
    RECIPIENTS_NOT_BLOCKED = "recipients_not_blocked"
    RECIPIENTS_PER_EMAIL = "recipients_per_email"
    DAILY_LIMIT_GRANT = "daily_limit_grant"
    DAILY_LIMIT_CONFIGURATION = "daily_limit_configuration"
    SIZE = "size"
    APPROVAL = "approval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One rule, asked of one draft."""

    rule: Rule
    passed: bool
    detail: str  # what was found, for people: "7 of 20 used today"
    remedy: str = ""  # what would change the answer; empty when it passed
    holds: bool = False  # a failed check that asks for approval instead of denying


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The decision with every check that led to it, in the order of the rules."""

    decision: Decision
    checks: tuple[Check, ...]

    @property
    def reasons(self) -> tuple[Check, ...]:
        """The checks that failed: every reason, not the first."""
        return tuple(check for check in self.checks if not check.passed)

    @property
    def code(self) -> str | None:
        """The rule of the first reason, as `error_code` in the log; None when allowed."""
        return self.reasons[0].rule.value if self.reasons else None
