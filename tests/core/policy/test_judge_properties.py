"""Rules that hold for every verdict: less permission never means more mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.policy.address import Mailbox
from core.policy.draft import Attachment, Draft
from core.policy.facts import Facts
from core.policy.judge import judge
from core.policy.verdict import Decision, Rule
from tests.core.policy.policy_cases import AGENT, CONFIGURATION, GRANT, NOW, draft

PERMISSIONS = st.sampled_from([True, False, None])
LIMITS = st.integers(0, 4)
LOCALS = st.sampled_from(["a", "A", "ceo", "ceo+1", "CEO", "bob"])
DOMAINS = st.sampled_from(["ok.test", "sub.ok.test", "evil.test"])
MAILBOXES = st.builds(Mailbox, LOCALS, DOMAINS)
PATTERNS = st.sampled_from(
    ["*", "@ok.test", ".ok.test", "@evil.test", "ceo@ok.test", "bob@evil.test", "broken"]
)
LISTS = st.none() | st.lists(PATTERNS, max_size=3).map(tuple)

DRAFTS = st.builds(
    lambda recipients, **rest: Draft(to=tuple(recipients), **rest),
    st.lists(MAILBOXES, min_size=1, max_size=4, unique=True),
    sender=st.none() | MAILBOXES,
    sender_name=st.none() | st.just("Chief"),
    attachments=st.sampled_from(
        [(), (Attachment(filename="a", content_type="application/pdf", content=b""),)]
    ),
    size_bytes=st.integers(0, 3),
)
GRANTS = st.builds(
    replace,
    st.just(GRANT),
    can_send_email=PERMISSIONS,
    can_send_attachments=PERMISSIONS,
    can_use_custom_from=PERMISSIONS,
    daily_email_limit=st.none() | LIMITS,
    recipients_per_email_limit=st.none() | LIMITS,
    allowed_recipients=LISTS,
    blocked_recipients=LISTS,
    approval=st.sampled_from(["never", "new_recipients", "always", "?"]),
    expires_at=st.none() | st.integers(-1, 1).map(lambda hours: NOW + timedelta(hours=hours)),
    is_active=PERMISSIONS,
    is_revoked=st.booleans(),
    used_today=LIMITS,
    known_recipients=st.frozensets(MAILBOXES.map(str)),
)
CONFIGURATIONS = st.builds(
    replace,
    st.just(CONFIGURATION),
    is_active=PERMISSIONS,
    is_archived=st.booleans(),
    max_emails_per_day=LIMITS,
    max_recipients_per_email=LIMITS,
    max_message_bytes=st.integers(0, 3),
    used_today=LIMITS,
)
FACTS = st.builds(
    Facts,
    now=st.just(NOW),
    agent=st.builds(replace, st.just(AGENT), is_active=PERMISSIONS),
    configuration=CONFIGURATIONS,
    grant=GRANTS,
)
# Mostly given, so that many of these are allowed before something is taken away.
OPEN_FACTS = st.builds(
    lambda facts, grant: replace(
        facts, configuration=CONFIGURATION, agent=AGENT, grant=replace(GRANT, **grant)
    ),
    FACTS,
    st.fixed_dictionaries(
        {},
        optional={
            "allowed_recipients": LISTS,
            "blocked_recipients": LISTS,
            "approval": st.sampled_from(["never", "always"]),
            "daily_email_limit": LIMITS,
        },
    ),
)
ORDER = {Decision.ALLOWED: 2, Decision.HELD: 1, Decision.DENIED: 0}


@given(DRAFTS, FACTS)
def test_a_verdict_tells_every_rule_in_order_and_decides_by_what_failed(draft: Draft, facts: Facts) -> None:
    verdict = judge(draft, facts)
    assert [check.rule for check in verdict.checks] == list(Rule)
    failed = verdict.reasons
    expected = (
        Decision.ALLOWED
        if not failed
        else Decision.HELD
        if all(check.holds for check in failed)
        else Decision.DENIED
    )
    assert verdict.decision is expected
    assert all(check.remedy for check in failed)
    assert not any(check.remedy or check.holds for check in verdict.checks if check.passed)


TAKEN_AWAY: list[dict[str, Any]] = [
    {"can_send_email": False},
    {"can_send_email": None},
    {"can_send_attachments": None},
    {"can_use_custom_from": False},
    {"daily_email_limit": 0},
    {"recipients_per_email_limit": 1},
    {"allowed_recipients": ()},
    {"allowed_recipients": ("broken",)},
    {"blocked_recipients": ("*",)},
    {"approval": "?"},
    {"expires_at": NOW},
    {"is_active": None},
    {"is_revoked": True},
]


@settings(max_examples=300)
@given(st.sampled_from(TAKEN_AWAY), DRAFTS, st.one_of(FACTS, OPEN_FACTS))
def test_taking_a_permission_away_never_lets_a_mail_go_further(
    taken: dict[str, Any], draft: Draft, facts: Facts
) -> None:
    assert facts.grant is not None
    # A limit or list that was stricter already would be widened by these: such facts prove nothing.
    for limit in ("daily_email_limit", "recipients_per_email_limit"):
        if limit in taken and getattr(facts.grant, limit) is not None:
            taken = {limit: min(taken[limit], getattr(facts.grant, limit))}
    if "blocked_recipients" in taken:
        taken = {"blocked_recipients": (*(facts.grant.blocked_recipients or ()), "*")}
    before = judge(draft, facts)
    after = judge(draft, replace(facts, grant=replace(facts.grant, **taken)))
    assert ORDER[after.decision] <= ORDER[before.decision]


@given(DRAFTS, st.one_of(FACTS, OPEN_FACTS), PATTERNS)
def test_one_more_blocked_pattern_never_lets_a_mail_go_further(
    draft: Draft, facts: Facts, pattern: str
) -> None:
    assert facts.grant is not None
    blocked = (*(facts.grant.blocked_recipients or ()), pattern)
    before = judge(draft, facts)
    after = judge(draft, replace(facts, grant=replace(facts.grant, blocked_recipients=blocked)))
    assert ORDER[after.decision] <= ORDER[before.decision]


@given(DRAFTS, st.one_of(FACTS, OPEN_FACTS), MAILBOXES)
def test_one_more_recipient_never_lets_a_mail_go_further(draft: Draft, facts: Facts, more: Mailbox) -> None:
    if more in draft.recipients:
        return
    before, after = judge(draft, facts), judge(replace(draft, bcc=(more,)), facts)
    assert ORDER[after.decision] <= ORDER[before.decision]


@given(DRAFTS, st.one_of(FACTS, OPEN_FACTS))
def test_a_grants_limits_never_widen_the_configurations(draft: Draft, facts: Facts) -> None:
    assert facts.grant is not None
    wide = replace(facts.grant, daily_email_limit=10**9, recipients_per_email_limit=10**9)
    none = replace(facts.grant, daily_email_limit=None, recipients_per_email_limit=None)
    assert (
        judge(draft, replace(facts, grant=wide)).decision is judge(draft, replace(facts, grant=none)).decision
    )


@given(st.lists(MAILBOXES, min_size=1, max_size=4, unique=True), LISTS)
def test_whoever_is_blocked_gets_nothing_whatever_is_allowed(recipients: list[Mailbox], allowed: Any) -> None:
    grant = replace(GRANT, allowed_recipients=allowed, blocked_recipients=tuple(map(str, recipients[:1])))
    facts = Facts(now=NOW, agent=AGENT, configuration=CONFIGURATION, grant=grant)
    assert judge(replace(draft(), to=tuple(recipients)), facts).decision is Decision.DENIED
