"""The typed filter of the log: what it means, where it is wrong, how it is completed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.values.operation import LogFilter, OperationType, Outcome
from tui.log_filter import FilterError, Names, complete, parse_filter, tokens, with_token

NOW = datetime(2026, 3, 1, 14, 2, 11, tzinfo=UTC)
BILLING, BILLY, SUPPORT, WORK, NEWS = (UUID(int=number) for number in range(1, 6))
NAMES = Names(
    agents={"billing-bot": BILLING, "Billy": BILLY, "support": SUPPORT},
    configurations={"Work mail": WORK, "Newsletter": NEWS},
)


def parsed(text: str) -> LogFilter:
    return parse_filter(text, names=NAMES, now=NOW)


def test_nothing_typed_shows_everything() -> None:
    assert parsed("  ") == LogFilter()


def test_all_keys_and_free_text_together() -> None:
    assert parsed(
        'status:denied,fail agent:billing-bot via:"Work mail" since:2h type:send your order'
    ) == LogFilter(
        outcomes=frozenset({Outcome.DENIED, Outcome.FAILED}),
        agent_id=BILLING,
        smtp_config_id=WORK,
        since=NOW - timedelta(hours=2),
        operation_type=OperationType.SEND_EMAIL,
        text="your order",
    )


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("30m", NOW - timedelta(minutes=30)),
        ("today", datetime(2026, 3, 1, tzinfo=UTC)),
        ("yesterday", datetime(2026, 2, 28, tzinfo=UTC)),
        ("9:30", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        ("2026-02-03", datetime(2026, 2, 3, tzinfo=UTC)),
        ("2026-02-03T10:00", datetime(2026, 2, 3, 10, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_utc(typed: str, moment: datetime) -> None:
    assert parsed(f"since:{typed}").since == moment


@pytest.mark.parametrize(
    ("typed", "says", "at"),
    [
        ("x agnet:billing", "there is no “agnet:”", "agnet:billing"),
        ("status:gone", "no such status", "status:gone"),
        ("agent:bil", "several match: billing-bot, Billy", "agent:bil"),
        ("agent:zoe x", "no agent of that name", "agent:zoe"),
        ("agent:support agent:billy", "one agent at a time", "agent:billy"),
        ("via:none", "no configuration of that name", "via:none"),
        ("since:soon", "no such time", "since:soon"),
        ("since:99999999w", "no such time", "since:99999999w"),
        ("type:x", "no such type", "type:x"),
    ],
)
def test_an_error_says_what_and_where(typed: str, says: str, at: str) -> None:
    with pytest.raises(FilterError, match=says) as caught:
        parsed(typed)
    assert typed[caught.value.start : caught.value.end] == at


def test_since_after_until_is_refused() -> None:
    with pytest.raises(FilterError, match="later"):
        parsed("since:1h until:2h")


def test_names_are_found_whole_then_by_beginning_then_by_part() -> None:
    assert parsed("agent:BILLY").agent_id == BILLY
    assert parsed("agent:sup").agent_id == SUPPORT
    assert parsed("via:mail").smtp_config_id == WORK


def test_a_word_with_a_colon_at_its_end_and_quoted_words_are_text() -> None:
    assert parsed("Re: order").text == "Re: order"
    assert parsed('"agnet:billing"').text == "agnet:billing"


def test_a_key_whose_value_is_still_to_come_changes_nothing() -> None:
    assert parsed("order agent:") == parsed("order")


def test_a_token_is_set_replaced_and_taken_back() -> None:
    once = with_token("order", "agent", "support")
    assert once == "agent:support order"
    assert with_token(once, "agent", "Billy") == "agent:Billy order"
    assert with_token(once, "agent", "support") == "order"
    assert with_token("", "via", "Work mail") == 'via:"Work mail"'


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("st", "status:"),
        ("status:de", "status:denied"),
        ("x agent:su", "x agent:support"),
        ('via:"Wo', 'via:"Work mail"'),
        ("via:wo", None),
        ("status:denied", None),
        ("order ", None),
        ("", None),
    ],
)
def test_the_last_word_is_completed(typed: str, completed: str | None) -> None:
    assert complete(typed, NAMES) == completed


@given(st.text())
def test_anything_typed_is_a_filter_or_an_error_at_a_place(text: str) -> None:
    try:
        parsed(text)
    except FilterError as error:
        assert 0 <= error.start <= error.end <= len(text)
    complete(text, NAMES)
    spans = [(token.start, token.end) for token in tokens(text)]
    assert all(end > start for start, end in spans)
    assert spans == sorted(spans)
