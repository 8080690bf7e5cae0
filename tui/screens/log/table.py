"""The log as a table: the words and colours of its columns."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from core.values.operation import OperationRow, Outcome
from tui.screens.log.cells import cell, layout
from tui.widgets.live_table import Column, LiveTable

_STYLES: Final = {
    Outcome.SENT: "success",
    Outcome.HELD: "warning",
    Outcome.DENIED: "error",
    Outcome.FAILED: "error",
    Outcome.UNKNOWN: "warning",
    Outcome.TESTED: "success",
}


class LogTable(LiveTable[OperationRow]):
    """Operations, newest on top."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._clock = False

    def toggle_clock(self) -> None:
        """Times of day instead of how long ago, or back."""
        self._clock = not self._clock
        self.refresh()

    def columns(self, width: int) -> tuple[Column, ...]:
        return layout(width, clock=self._clock)

    def key_of(self, row: OperationRow) -> UUID:
        return row.id

    def cell(self, row: OperationRow, column: Column, now: datetime) -> str:
        return cell(row, column, now=now)

    def style_of(self, row: OperationRow, column: Column) -> str:
        if column.name == "outcome":
            return _STYLES[row.outcome]
        return "dim" if column.name in ("when", "took", "via") else ""
