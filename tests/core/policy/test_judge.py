"""The rules one by one, as a table of cases, and that a verdict tells all of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from core.policy.address import Mailbox
from core.policy.draft import AttachmentRequest, Draft
from core.policy.facts import Facts
from core.policy.judge import judge
from core.policy.verdict import Decision, Rule, Verdict
from core.values.grant import Approval
from tests.core.policy.policy_cases import (
    AGENT,
    CONFIGURATION,
    GRANT,
    NOW,
    check_of,
    draft,
    facts,
    verdict_on,
)

FILE = AttachmentRequest(filename="a.pdf", content=b"x")


def failed(verdict: Verdict) -> set[Rule]:
    return {check.rule for check in verdict.reasons}


def test_a_mail_that_breaks_no_rule_is_allowed_and_every_rule_says_so_in_order() -> None:
    verdict = judge(draft(), facts())
    assert verdict.decision is Decision.ALLOWED
    assert [check.rule for check in verdict.checks] == list(Rule)
    assert all(check.passed and check.detail and not check.remedy for check in verdict.checks)
    assert verdict.code is None


def test_a_mail_that_breaks_every_rule_hears_of_each() -> None:
    everything = facts(
        agent={"is_active": False},
        configuration={
            "is_active": False,
            "is_archived": True,
            "max_emails_per_day": 1,
            "used_today": 1,
            "max_recipients_per_email": 1,
            "max_message_bytes": 1,
        },
        can_send_email=False,
        can_send_attachments=False,
        can_use_custom_from=False,
        daily_email_limit=1,
        used_today=1,
        allowed_recipients=(),
        blocked_recipients=("*",),
        approval="always",
        expires_at=NOW,
        is_active=False,
    )
    asked = draft("a@ok.test", "b@ok.test", from_name="Someone else", attachments=(FILE,))
    verdict = judge(asked, everything)
    assert verdict.decision is Decision.DENIED
    assert failed(verdict) == set(Rule) - {Rule.DRAFT_VALID, Rule.GRANTED}
    assert all(check.remedy for check in verdict.reasons)
    assert verdict.code == "agent_active"


@pytest.mark.parametrize("absent", ["both", "configuration", "grant"])
def test_without_a_grant_nothing_tells_whether_the_configuration_exists(absent: str) -> None:
    complete = facts(configuration={"name": "Confidential"}, allowed_recipients=())
    given = replace(
        complete,
        configuration=complete.configuration if absent == "grant" else None,
        grant=complete.grant if absent == "configuration" else None,
    )
    verdict = judge(draft("a@ok.test"), given)
    assert verdict == judge(draft("a@ok.test"), Facts(now=NOW, agent=AGENT, configuration=None, grant=None))
    assert [check.rule for check in verdict.checks] == [Rule.AGENT_ACTIVE, Rule.GRANTED]
    assert verdict.decision is Decision.DENIED
    assert verdict.code == "granted"
    assert "Confidential" not in str(verdict)


# Permissions: only what is plainly given counts.


@pytest.mark.parametrize("value", [False, None, 1, "yes"])
@pytest.mark.parametrize(
    ("rule", "change"),
    [
        (Rule.AGENT_ACTIVE, lambda value: {"agent": {"is_active": value}}),
        (Rule.CONFIGURATION_ACTIVE, lambda value: {"configuration": {"is_active": value}}),
        (Rule.GRANT_ACTIVE, lambda value: {"is_active": value}),
        (Rule.CAN_SEND_EMAIL, lambda value: {"can_send_email": value}),
        (Rule.CAN_SEND_ATTACHMENTS, lambda value: {"can_send_attachments": value}),
        (Rule.CAN_USE_CUSTOM_FROM, lambda value: {"can_use_custom_from": value}),
    ],
)
def test_a_permission_that_is_missing_null_or_unknown_is_not_given(
    rule: Rule, change: Any, value: Any
) -> None:
    asked = draft("a@ok.test", attachments=(FILE,), from_email="else@home.test")
    verdict = judge(asked, facts(**change(value)))
    assert failed(verdict) == {rule}
    assert verdict.decision is Decision.DENIED


@pytest.mark.parametrize("value", [True, None])
def test_an_archived_configuration_and_a_revoked_grant_send_nothing(value: Any) -> None:
    assert failed(judge(draft(), facts(configuration={"is_archived": value}))) == {
        Rule.CONFIGURATION_NOT_ARCHIVED
    }
    assert failed(judge(draft(), facts(is_revoked=value))) == {Rule.GRANT_ACTIVE}


# Expiry


@pytest.mark.parametrize(
    ("expires_at", "passes"),
    [
        (None, True),
        (NOW + timedelta(microseconds=1), True),
        (NOW, False),
        (NOW - timedelta(days=1), False),
        (NOW.astimezone(timezone(timedelta(hours=9))), False),
        (datetime(2100, 1, 1), False),  # without a zone: not comparable
    ],
)
def test_a_grant_ends_at_the_very_moment_it_expires(expires_at: datetime | None, *, passes: bool) -> None:
    assert check_of(verdict_on(expires_at=expires_at), Rule.GRANT_NOT_EXPIRED).passed is passes


def test_the_end_of_a_grant_is_told_in_utc() -> None:
    end = datetime(2027, 3, 1, 2, 0, tzinfo=timezone(timedelta(hours=2)))
    assert (
        check_of(verdict_on(expires_at=end), Rule.GRANT_NOT_EXPIRED).detail == "expires 1 Mar 2027 00:00 UTC"
    )
    past = datetime(2026, 12, 31, 9, 5, tzinfo=UTC)
    assert (
        check_of(verdict_on(expires_at=past), Rule.GRANT_NOT_EXPIRED).detail
        == "expired 31 Dec 2026 09:05 UTC"
    )


# Recipients


@pytest.mark.parametrize(
    ("allowed", "recipients", "passes"),
    [
        (None, ["a@anywhere.test"], True),
        ((), ["a@ok.test"], False),
        (("@ok.test",), ["a@ok.test"], True),
        (("@ok.test",), ["a@ok.test", "b@evil.test"], False),
        (("@ok.test",), ["a@оk.test"], False),
        ((".ok.test",), ["a@evilok.test"], False),
        (("@a.test", "b@b.test"), ["x@a.test", "b@b.test"], True),
        (("*",), ["a@anywhere.test"], True),
        (("@ok.test", "broken"), ["a@ok.test"], False),  # a list that can't be read lets nobody pass
        (("@ok.test", None), ["a@ok.test"], False),
    ],
)
def test_null_is_anybody_an_empty_list_is_nobody_and_every_recipient_must_match(
    allowed: Any, recipients: list[str], *, passes: bool
) -> None:
    verdict = verdict_on(*recipients, allowed_recipients=allowed)
    assert check_of(verdict, Rule.RECIPIENTS_ALLOWED).passed is passes
    assert failed(verdict) == (set() if passes else {Rule.RECIPIENTS_ALLOWED})


@pytest.mark.parametrize("field", ["to", "cc", "bcc"])
def test_to_cc_and_bcc_are_judged_alike(field: str) -> None:
    asked = draft(**{"to": ("a@ok.test",), field: ("a@ok.test", "b@evil.test")})
    verdict = judge(asked, facts(allowed_recipients=("@ok.test",), blocked_recipients=("@evil.test",)))
    assert failed(verdict) == {Rule.RECIPIENTS_ALLOWED, Rule.RECIPIENTS_NOT_BLOCKED}


@pytest.mark.parametrize("recipient", ["ceo@x.test", "ceo+1@x.test", "CEO@x.test", "ｃｅｏ@X.test"])
def test_block_wins_over_allow_in_every_spelling(recipient: str) -> None:
    verdict = verdict_on(recipient, allowed_recipients=("*", recipient), blocked_recipients=("ceo@x.test",))
    assert failed(verdict) == {Rule.RECIPIENTS_NOT_BLOCKED}
    assert "(by ceo@x.test)" in verdict.reasons[0].detail


@pytest.mark.parametrize("blocked", [None, ()])
def test_an_empty_block_list_blocks_nobody(blocked: Any) -> None:
    assert verdict_on("a@ok.test", blocked_recipients=blocked).decision is Decision.ALLOWED


def test_a_block_list_that_cannot_be_read_lets_nobody_pass() -> None:
    verdict = verdict_on("a@ok.test", blocked_recipients=("(a+)+$",))
    assert failed(verdict) == {Rule.RECIPIENTS_NOT_BLOCKED}


def test_every_offending_recipient_is_named_and_a_long_list_is_cut() -> None:
    verdict = verdict_on("a@ok.test", "b@evil.test", "c@bad.test", allowed_recipients=("@ok.test",))
    assert check_of(verdict, Rule.RECIPIENTS_ALLOWED).detail == "not allowed: b@evil.test, c@bad.test"
    many = verdict_on(*(f"u{n}@evil.test" for n in range(40)), blocked_recipients=("@evil.test",))
    detail = check_of(many, Rule.RECIPIENTS_NOT_BLOCKED).detail
    assert detail.startswith("blocked: u0@evil.test (by @evil.test), u1@evil.test (by @evil.test)")
    assert detail.endswith(", and 30 more")


def test_an_allowed_recipient_is_told_with_the_pattern_that_allows_it() -> None:
    verdict = verdict_on("a@ok.test", allowed_recipients=("*@ok.test",))
    assert check_of(verdict, Rule.RECIPIENTS_ALLOWED).detail == "allowed: a@ok.test (by @ok.test)"


# Limits


@pytest.mark.parametrize(
    ("of_grant", "of_configuration", "recipients", "passes"),
    [
        (None, 3, 3, True),
        (None, 3, 4, False),
        (2, 3, 2, True),
        (2, 3, 3, False),
        (9, 3, 3, True),
        (9, 3, 4, False),  # a grant may only lower the limit
        (0, 3, 1, False),
    ],
)
def test_the_lower_limit_of_recipients_wins(
    of_grant: int | None, of_configuration: int, recipients: int, *, passes: bool
) -> None:
    verdict = judge(
        draft(*(f"u{n}@ok.test" for n in range(recipients))),
        facts(
            configuration={"max_recipients_per_email": of_configuration}, recipients_per_email_limit=of_grant
        ),
    )
    assert failed(verdict) == (set() if passes else {Rule.RECIPIENTS_PER_EMAIL})


def test_one_address_in_to_cc_and_bcc_counts_as_one_recipient() -> None:
    asked = draft("a@ok.test", cc=("a@ok.test",), bcc=("a@OK.test",))
    assert judge(asked, facts(recipients_per_email_limit=1)).decision is Decision.ALLOWED


@pytest.mark.parametrize(
    ("used", "limit", "passes"),
    [(0, 1, True), (19, 20, True), (20, 20, False), (21, 20, False), (0, 0, False)],
)
def test_the_last_mail_of_the_day_passes_and_the_next_does_not(
    used: int, limit: int, *, passes: bool
) -> None:
    by_grant = verdict_on(used_today=used, daily_email_limit=limit)
    assert failed(by_grant) == (set() if passes else {Rule.DAILY_LIMIT_GRANT})
    by_configuration = judge(draft(), facts(configuration={"used_today": used, "max_emails_per_day": limit}))
    assert failed(by_configuration) == (set() if passes else {Rule.DAILY_LIMIT_CONFIGURATION})
    assert check_of(by_grant, Rule.DAILY_LIMIT_GRANT).detail == f"{used} of {limit} used today"


def test_a_counter_that_makes_no_sense_lets_nothing_pass() -> None:
    assert failed(verdict_on(used_today=-1, daily_email_limit=5)) == {Rule.DAILY_LIMIT_GRANT}


def test_both_daily_limits_are_asked_so_that_a_generous_grant_widens_nothing() -> None:
    verdict = judge(
        draft(),
        facts(
            configuration={"used_today": 7, "max_emails_per_day": 7}, used_today=7, daily_email_limit=1_000
        ),
    )
    assert failed(verdict) == {Rule.DAILY_LIMIT_CONFIGURATION}


@pytest.mark.parametrize(("size", "passes"), [(999_999, True), (1_000_000, True), (1_000_001, False)])
def test_a_mail_is_as_large_as_its_configuration_lets_it(size: int, *, passes: bool) -> None:
    verdict = judge(replace(draft(), size_bytes=size), facts())
    assert failed(verdict) == (set() if passes else {Rule.SIZE})


def test_a_size_just_above_the_limit_is_told_exactly() -> None:
    verdict = judge(replace(draft(), size_bytes=1_000_001), facts())
    assert check_of(verdict, Rule.SIZE).detail == "1,000,001 of 1,000,000 bytes"


# Attachments and sender


@pytest.mark.parametrize("content_type", ["application/pdf", "image/png", "message/rfc822", "text/plain"])
def test_any_file_whatever_it_calls_itself_needs_the_right_to_attach(content_type: str) -> None:
    file = replace(FILE, content_type=content_type)
    verdict = judge(draft(attachments=(file,)), facts(can_send_attachments=False))
    assert failed(verdict) == {Rule.CAN_SEND_ATTACHMENTS}


@pytest.mark.parametrize(
    ("asked", "own"),
    [
        ({}, True),
        ({"from_email": "office@home.test"}, True),
        ({"from_email": "office@HOME.test"}, True),
        ({"from_name": "The Office"}, True),
        ({"reply_to": "office@home.test"}, True),  # where answers go anyway
        ({"from_email": "Office@home.test"}, False),  # RFC 5321 2.4: another mailbox, perhaps
        ({"from_email": "office+x@home.test"}, False),
        ({"from_email": "office@evil.test"}, False),
        ({"from_name": "The Chief"}, False),
        ({"reply_to": "collect@evil.test"}, False),
    ],
)
def test_a_sender_other_than_the_configurations_needs_the_right(asked: dict[str, str], *, own: bool) -> None:
    assert judge(draft(**asked), facts()).decision is Decision.ALLOWED
    without = judge(draft(**asked), facts(can_use_custom_from=False))
    assert failed(without) == (set() if own else {Rule.CAN_USE_CUSTOM_FROM})


def test_the_configurations_own_reply_address_is_the_one_that_is_free() -> None:
    answers = {"configuration": {"reply_to_email": "answers@home.test"}, "can_use_custom_from": False}
    assert judge(draft(reply_to="answers@HOME.test"), facts(**answers)).decision is Decision.ALLOWED
    assert failed(judge(draft(reply_to="office@home.test"), facts(**answers))) == {Rule.CAN_USE_CUSTOM_FROM}


def test_a_configuration_whose_address_cannot_be_read_makes_every_sender_a_custom_one() -> None:
    broken = facts(configuration={"from_email": "office"}, can_use_custom_from=False)
    assert failed(judge(draft(from_email="office@home.test"), broken)) == {Rule.CAN_USE_CUSTOM_FROM}


# Approval


@pytest.mark.parametrize(
    ("approval", "known", "decision"),
    [
        (Approval.NEVER, [], Decision.ALLOWED),
        ("never", [], Decision.ALLOWED),
        (Approval.ALWAYS, ["a@ok.test", "b@ok.test"], Decision.HELD),
        (Approval.NEW_RECIPIENTS, [], Decision.HELD),
        (Approval.NEW_RECIPIENTS, ["a@ok.test"], Decision.HELD),
        (Approval.NEW_RECIPIENTS, ["a@ok.test", "b@ok.test"], Decision.ALLOWED),
        (Approval.NEW_RECIPIENTS, ["A@ok.test", "b@ok.test"], Decision.HELD),
        ("sometimes", ["a@ok.test", "b@ok.test"], Decision.DENIED),
        ("", ["a@ok.test", "b@ok.test"], Decision.DENIED),
        (None, ["a@ok.test", "b@ok.test"], Decision.DENIED),
    ],
)
def test_what_waits_for_the_owner(approval: Any, known: list[str], decision: Decision) -> None:
    verdict = verdict_on("a@ok.test", "b@ok.test", approval=approval, known_recipients=frozenset(known))
    assert verdict.decision is decision
    assert failed(verdict) <= {Rule.APPROVAL}


def test_a_mail_that_must_not_leave_does_not_wait_for_approval_either() -> None:
    assert verdict_on(approval="always", can_send_email=False).decision is Decision.DENIED


def test_every_word_of_approval_that_can_be_saved_is_known_to_the_policy() -> None:
    for approval in Approval:
        assert verdict_on(approval=approval.value).decision is not Decision.DENIED


# What never became a draft


def test_a_draft_that_was_forged_without_recipients_or_with_doubles_is_denied() -> None:
    twice = (Mailbox("a", "ok.test"), Mailbox("a", "ok.test"))
    for forged in (Draft(to=()), Draft(to=twice)):
        assert failed(judge(forged, facts())) == {Rule.DRAFT_VALID}


def test_judging_reads_its_facts_and_changes_nothing() -> None:
    asked, given = draft("a@ok.test"), facts()
    assert judge(asked, given) == judge(asked, given)
    assert (given.agent, given.configuration, given.grant) == (AGENT, CONFIGURATION, GRANT)
