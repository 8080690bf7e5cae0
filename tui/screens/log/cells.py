"""What one row of the log says in each column: plain sanitised text, for any width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from core.values.operation import OperationRow, OperationType, Outcome
from tui.reasons import SHORT_REASONS
from tui.safe import fit
from tui.widgets.live_table import GAP, Column
from tui.wording import MARKS, span

WIDE: Final = 92  # cells from which the configuration has a column of its own
_LONGEST: Final = 400  # characters of a foreign string that are looked at for one cell
_SHORT_BELOW: Final = 32  # cells


def layout(width: int, *, clock: bool) -> tuple[Column, ...]:
    """The columns that fit into `width` cells. The two that hold sentences share what the others leave."""
    when = Column("when", "when", 8 if clock else 5, right=True)
    outcome = Column("outcome", "outcome", 9)
    took = Column("took", "took", 6, right=True)
    wide = width >= WIDE
    agent = Column("agent", "agent", 16 if wide else 12)
    via = (Column("via", "configuration", 15),) if wide else ()
    fixed = sum(column.width + GAP for column in (when, agent, *via, outcome, took))
    rest = max(width - fixed - GAP, 8)
    recipients = max(rest * 11 // 24, 4)
    return (
        when,
        agent,
        *via,
        Column("to", "to", recipients),
        outcome,
        Column("about", "subject or reason", rest - recipients),
        took,
    )


def cell(row: OperationRow, column: Column, *, now: datetime) -> str:
    """The text of one cell, in exactly the column's width."""
    if column.name == "to":
        return _recipients(row, column.width)
    return fit(_text(row, column, now), column.width, right=column.right)


def _text(row: OperationRow, column: Column, now: datetime) -> str:
    match column.name:
        case "when":
            return when(row.created_at, now, clock=column.width >= 8)
        case "agent":
            return (row.agent_name or "–")[:_LONGEST]
        case "via":
            return (row.connection_name or "–")[:_LONGEST]
        case "outcome":
            return f"{MARKS[row.outcome.value][0]} {row.outcome.value}"
        case "about":
            return about(row, short=column.width < _SHORT_BELOW)[:_LONGEST]
        case _:
            return took(row.execution_time_ms)


def _recipients(row: OperationRow, width: int) -> str:
    addresses = row.recipients
    if not addresses:
        return fit("–", width)
    more = f" +{len(addresses) - 1}" if len(addresses) > 1 else ""
    # how many more there are must survive a long address
    first = fit(str(addresses[0])[:_LONGEST], max(width - len(more), 1)).rstrip()
    return fit(first + more, width)


def when(moment: datetime, now: datetime, *, clock: bool) -> str:
    """How long ago (`12 s`), or the time of day (UTC), with the day in its place once it is another day."""
    if not clock:
        return span(now - moment)
    moment = moment.astimezone(UTC)
    return moment.strftime("%H:%M:%S" if moment.date() == now.astimezone(UTC).date() else "%d %b")


def took(milliseconds: int) -> str:
    """184 ms, 1.2 s, 12 s, 3 m."""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    seconds = milliseconds / 1000
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds // 60:.0f} m"


def about(row: OperationRow, *, short: bool = False) -> str:
    """The subject of what was sent; of everything else the reason why it was not. Foreign text."""
    if row.outcome not in (Outcome.SENT, Outcome.TESTED):
        reason = SHORT_REASONS.get(row.error_code or "", "") if short else ""
        if reason := reason or first_reason(row):
            return reason
    if row.operation_type == OperationType.TEST_CONNECTION.value:
        return "connection test"
    return row.subject or "(no subject)"


def first_reason(row: OperationRow) -> str:
    """Why it was not sent, in one sentence. Foreign text."""
    if row.error_message:
        return row.error_message
    failed = [check for check in checks(row) if not check.get("passed")]
    if failed:
        return str(failed[0].get("detail") or failed[0].get("rule") or "")
    return (row.error_code or "").replace("_", " ")


def checks(row: OperationRow) -> Sequence[Mapping[str, Any]]:
    """Every check of the verdict, as the log kept it; empty where there was none."""
    verdict = row.result.get("verdict")
    found = verdict.get("checks") if isinstance(verdict, Mapping) else row.result.get("checks")
    return [check for check in found if isinstance(check, Mapping)] if isinstance(found, list | tuple) else []
