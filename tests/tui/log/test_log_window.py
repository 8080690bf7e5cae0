"""The run of rows in memory: no gaps, no repeats, bounded, whatever order things arrive in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from core.values.operation import LogCursor, LogStatus, OperationRow, Outcome
from tui.screens.log.window import LogWindow

START = datetime(2026, 3, 1, tzinfo=UTC)


def row(position: int) -> OperationRow:
    return OperationRow(
        id=UUID(int=position),
        position=LogCursor(0, position),
        created_at=START + timedelta(seconds=position),
        user_id=UUID(int=0),
        agent_id=None,
        agent_name=None,
        smtp_config_id=None,
        connection_name=None,
        delivery_id=None,
        operation_type="send_email",
        outcome=Outcome.SENT,
        status=LogStatus.SUCCESS,
    )


def rows(first: int, last: int) -> list[OperationRow]:
    """Newest first, as pages come."""
    return [row(position) for position in range(last, first - 1, -1)]


def places(window: LogWindow) -> list[int]:
    return [each.position.position for each in window.rows]


def test_rows_told_twice_are_shown_once() -> None:
    window = LogWindow()
    window.reset(rows(1, 3), limit=3)
    assert window.arrived([row(3), row(4)]) == 1
    assert places(window) == [4, 3, 2, 1]


def test_a_row_that_became_visible_late_takes_its_place() -> None:
    window = LogWindow()
    window.reset([row(5), row(3)], limit=200)
    window.arrived([row(4)])
    assert places(window) == [5, 4, 3]


def test_what_waits_is_counted_once() -> None:
    window = LogWindow()
    window.reset(rows(1, 3), limit=200)
    window.wait([row(4), row(5)])
    window.wait([row(5), row(6), row(2)])
    assert window.waiting == 3
    assert places(window) == [3, 2, 1]


def test_going_back_drops_the_newest_and_coming_again_restores_them() -> None:
    window = LogWindow(max_rows=6)
    window.reset(rows(7, 10), limit=4)
    assert window.older(rows(3, 6), limit=4) == 2
    assert places(window) == [8, 7, 6, 5, 4, 3]
    assert window.is_detached
    assert window.newer([row(9), row(10), row(11)], limit=4) == 2
    assert places(window) == [10, 9, 8, 7, 6, 5]
    assert not window.is_detached
    assert not window.oldest_reached


def test_the_end_of_the_log_is_known() -> None:
    window = LogWindow()
    window.reset(rows(2, 5), limit=4)
    assert not window.oldest_reached
    window.older([row(1)], limit=4)
    assert window.oldest_reached


@given(st.lists(st.lists(st.integers(1, 60), max_size=8), max_size=12))
def test_following_never_loses_repeats_or_disorders_a_row(batches: list[list[int]]) -> None:
    window = LogWindow(max_rows=1_000)
    window.reset([], limit=200)
    for batch in batches:
        window.arrived([row(position) for position in dict.fromkeys(batch)])
    assert places(window) == sorted({position for batch in batches for position in batch}, reverse=True)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 7)), max_size=30), st.integers(7, 20))
def test_scrolling_back_and_forth_is_gapless_and_bounded(steps: list[tuple[bool, int]], most: int) -> None:
    total = 60
    window = LogWindow(max_rows=most)
    window.reset(rows(total - 6, total), limit=7)
    for back, limit in steps:
        if back and not window.oldest_reached:
            edge = places(window)[-1]
            window.older(rows(max(1, edge - limit), edge - 1), limit=limit)
        elif not back and window.is_detached:
            edge = places(window)[0]
            window.newer(rows(edge + 1, min(total, edge + limit))[::-1], limit=limit)
        found = places(window)
        assert found == list(range(found[0], found[-1] - 1, -1))
        assert len(found) <= most
