"""Numbers, times and sizes: how they are written, and how what people type is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui import parsing, wording

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (60, "1 m"), (7_200, "2 h"), (90_000, "1 d"), (40_000_000, "1 y")],
)
def test_a_duration_is_written_in_its_largest_unit(seconds: int, words: str) -> None:
    assert wording.span(timedelta(seconds=seconds)) == words


def test_moments_are_told_from_now() -> None:
    assert wording.ago(None, NOW) == "never"
    assert wording.ago(NOW, NOW) == "just now"
    assert wording.ago(NOW - timedelta(hours=2), NOW) == "2 h ago"
    assert wording.until(NOW + timedelta(days=3), NOW) == "in 3 d"
    assert wording.until(NOW - timedelta(days=3), NOW) == "3 d ago"
    assert wording.exact(NOW) == "2026-03-01 12:00:00 UTC"


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (25 * 1024**2, "25 MiB")],
)
def test_sizes(count: int, words: str) -> None:
    assert wording.size(count) == words


@given(used=st.integers(0, 10_000), limit=st.integers(0, 10_000), width=st.integers(1, 40))
def test_a_bar_is_empty_only_for_nothing_and_full_only_at_the_limit(
    used: int, limit: int, width: int
) -> None:
    drawn = wording.bar(used, limit, width, "$primary")
    assert drawn.cell_length == width
    filled = sum(span.end - span.start for span in drawn.spans if span.style == "$primary")
    assert (filled == 0) == (used == 0 and limit > 0)
    if 0 < used < limit:
        assert drawn.plain != "━" * width or filled < width


@pytest.mark.parametrize(("text", "value"), [("7", 7), (" 1,000 ", 1000), ("0", 0)])
def test_whole_numbers(text: str, value: int) -> None:
    assert parsing.whole(text) == value


@pytest.mark.parametrize("text", ["", "-1", "1.5", "five", "١٢", "9" * 13])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="whole number"):
        parsing.whole(text)


@given(st.integers(1, 10**9))
def test_a_size_reads_back_as_it_was_written(count: int) -> None:
    assert parsing.byte_size(parsing.in_bytes(count)) == count


@given(st.integers(1, 999_999_999))
def test_seconds_read_back_as_they_were_written(milliseconds: int) -> None:
    assert parsing.seconds(parsing.in_seconds(milliseconds)) == milliseconds


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))
def test_a_moment_reads_back_to_the_second(when: datetime) -> None:
    aware = when.replace(tzinfo=UTC, microsecond=0)
    assert parsing.moment(parsing.in_date(aware), NOW) == aware


def test_moments_from_now() -> None:
    assert parsing.moment("", NOW) is None
    assert parsing.moment("30d", NOW) == NOW + timedelta(days=30)
    assert parsing.moment("in 12 h", NOW) == NOW + timedelta(hours=12)
    assert parsing.moment("2027-03-01 14:00 UTC", NOW) == datetime(2027, 3, 1, 14, tzinfo=UTC)
    for text in ("soon", "2027-13-01", "999999y", "2027-02-30", "30 parsecs"):
        with pytest.raises(ValueError, match="date in UTC"):
            parsing.moment(text, NOW)


def test_patterns_are_one_per_line() -> None:
    assert parsing.patterns(" @example.com \n\n .example.org\n") == ("@example.com", ".example.org")
