"""The past of the log: plausible, repeatable, and in the form that real sending writes."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from core.policy.verdict import Rule
from core.values.operation import LogStatus, Outcome
from sample_data import SampleData, load
from sample_data.history import UNTIL, PastOperation, past_operations

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday


@pytest.fixture(scope="module")
def data() -> SampleData:
    return load()


@pytest.fixture(scope="module")
def past(data: SampleData) -> list[PastOperation]:
    return list(past_operations(data, NOON))


def test_there_are_some_thousand_operations_oldest_first(past: list[PastOperation]) -> None:
    assert 2_000 < len(past) < 10_000
    moments = [operation.created_at for operation in past]
    assert moments == sorted(moments)
    assert moments[-1] <= NOON - UNTIL
    assert moments[0].date() == (NOON - timedelta(days=42)).date()


def test_the_same_seed_gives_the_same_past_and_another_gives_another(
    data: SampleData, past: list[PastOperation]
) -> None:
    assert list(past_operations(data, NOON)) == past
    assert list(past_operations(data, NOON, seed=1)) != past


def test_the_morning_stays_as_it_was_when_the_day_goes_on(
    data: SampleData, past: list[PastOperation]
) -> None:
    evening = list(past_operations(data, NOON + timedelta(hours=8)))
    assert evening[: len(past)] == past
    assert len(evening) > len(past)


def test_every_outcome_occurs_and_most_mail_left(past: list[PastOperation]) -> None:
    outcomes = Counter(operation.outcome for operation in past)
    assert set(outcomes) == set(Outcome) - {Outcome.TESTED}
    assert outcomes[Outcome.SENT] > 0.7 * len(past)


def test_nothing_happened_at_night_as_it_did_by_day_nor_on_sundays(past: list[PastOperation]) -> None:
    hours = Counter(operation.created_at.hour for operation in past)
    assert hours[2] < hours[9] / 4
    days = Counter(operation.created_at.weekday() for operation in past)
    assert days[6] < days[2] / 2


def test_no_agent_sends_before_its_grant_was_given(data: SampleData, past: list[PastOperation]) -> None:
    given = {(grant.agent, grant.configuration): grant.given_days_ago for grant in data.grants}
    for operation in past:
        assert operation.created_at >= NOON - timedelta(days=given[operation.agent, operation.configuration])


def test_rows_agree_with_themselves(past: list[PastOperation]) -> None:
    for operation in past:
        recipients = [address for role in ("to", "cc", "bcc") for address in operation.params.get(role, ())]
        assert operation.recipients_count == len(recipients) > 0
        assert operation.has_attachments == ("attachments" in operation.params)
        assert "{number}" not in operation.params["subject"]
        json.dumps([operation.params, operation.result])
        match operation.outcome:
            case Outcome.SENT:
                assert operation.status is LogStatus.SUCCESS
                assert operation.error_code is None
                assert list(operation.accepted) == recipients
            case Outcome.DENIED | Outcome.HELD:
                assert operation.error_code in tuple(Rule)
                assert operation.result["decision"] == operation.outcome.value
                assert operation.result["checks"][0]["rule"] == operation.error_code
            case _:
                assert operation.error_message
                assert operation.result["decision"] == "allowed"
                assert operation.accepted == ()
