"""Facts and drafts for the tests of the policy: all permissions given, unless a test says otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from core.policy.draft import Draft, MailRequest
from core.policy.facts import AgentFacts, ConfigurationFacts, Facts, GrantFacts
from core.policy.intake import parse_request
from core.policy.judge import judge
from core.policy.verdict import Check, Rule, Verdict

NOW = datetime(2027, 2, 28, 23, 59, 59, tzinfo=UTC)

AGENT = AgentFacts(name="Billing agent", is_active=True)
CONFIGURATION = ConfigurationFacts(
    name="Office",
    from_email="office@home.test",
    from_name="The Office",
    reply_to_email=None,
    is_active=True,
    is_archived=False,
    max_emails_per_day=100,
    max_recipients_per_email=50,
    max_message_bytes=1_000_000,
    used_today=0,
)
GRANT = GrantFacts(
    can_send_email=True,
    can_send_attachments=True,
    can_use_custom_from=True,
    daily_email_limit=None,
    recipients_per_email_limit=None,
    allowed_recipients=None,
    blocked_recipients=None,
    approval="never",
    expires_at=None,
    is_active=True,
    is_revoked=False,
    used_today=0,
)


def facts(
    *, agent: dict[str, Any] | None = None, configuration: dict[str, Any] | None = None, **grant: Any
) -> Facts:
    """The facts above, changed in what is named; grant columns stand by themselves."""
    return Facts(
        now=NOW,
        agent=replace(AGENT, **(agent or {})),
        configuration=replace(CONFIGURATION, **(configuration or {})),
        grant=replace(GRANT, **grant),
    )


def draft(*to: str, **request: Any) -> Draft:
    """A draft of one line to `to`."""
    return parse_request(MailRequest(**{"to": to or ("a@ok.test",), "subject": "Hello", **request}))


def check_of(verdict: Verdict, rule: Rule) -> Check:
    return next(check for check in verdict.checks if check.rule is rule)


def verdict_on(*to: str, **grant: Any) -> Verdict:
    """The verdict on a plain mail to `to` under a grant with these columns."""
    return judge(draft(*to), facts(**grant))
