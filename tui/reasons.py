"""Why a mail was held back, in as few words as a narrow column has room for: the same on screen and in print."""

from __future__ import annotations

from typing import Final

from core.policy.verdict import Rule

SHORT_REASONS: Final[dict[str, str]] = {
    Rule.DRAFT_VALID: "unsound request",
    Rule.AGENT_ACTIVE: "agent paused",
    Rule.GRANTED: "no grant",
    Rule.GRANT_ACTIVE: "grant off",
    Rule.GRANT_NOT_EXPIRED: "grant expired",
    Rule.CONFIGURATION_ACTIVE: "configuration off",
    Rule.CONFIGURATION_NOT_ARCHIVED: "archived",
    Rule.CAN_SEND_EMAIL: "may not send",
    Rule.CAN_SEND_ATTACHMENTS: "no attachments",
    Rule.CAN_USE_CUSTOM_FROM: "not this From",
    Rule.RECIPIENTS_ALLOWED: "not allowed",
    Rule.RECIPIENTS_NOT_BLOCKED: "blocked",
    Rule.RECIPIENTS_PER_EMAIL: "too many",
    Rule.DAILY_LIMIT_GRANT: "grant's limit",
    Rule.DAILY_LIMIT_CONFIGURATION: "daily limit",
    Rule.SIZE: "too large",
    Rule.APPROVAL: "wants approval",
}
