"""The part of the log that is in memory: a run of rows around where the person looks, never the whole log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from core.values.operation import LogCursor, OperationRow

PAGE: Final = 200  # rows read at a time
MAX_ROWS: Final = 2_000  # rows kept: what is further away is read again when it is wanted


class LogWindow:
    """Rows, newest first, without gaps within the filter that they were read with.

    `waiting` counts rows that came after the newest one shown; `oldest_reached` says that the log ends here.
    """

    def __init__(self, *, max_rows: int = MAX_ROWS) -> None:
        self.rows: list[OperationRow] = []
        self.waiting = 0
        self.oldest_reached = False
        self._max_rows = max_rows
        self._ids: set[UUID] = set()
        self._waiting_ids: set[UUID] = set()
        self._newest: LogCursor | None = (
            None  # the newest place ever shown, though it may be out of the window
        )

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def is_detached(self) -> bool:
        """Rows that were shown before were dropped at the top: there is more above, besides what waits."""
        return bool(self.rows) and self._newest is not None and self.rows[0].position < self._newest

    def reset(self, rows: Sequence[OperationRow], *, limit: int) -> None:
        """Start anew at the head of the log, with its newest page (newest first)."""
        self.rows = list(rows)
        self._ids = {row.id for row in rows}
        self._newest = rows[0].position if rows else None
        self.oldest_reached = len(rows) < limit
        self._nothing_waits()

    def arrived(self, rows: Sequence[OperationRow]) -> int:
        """Put rows that just came (in any order) on top. Returns how many were new here."""
        fresh = [row for row in rows if row.id not in self._ids]
        if not fresh:
            return 0
        # A row that became visible late has its place below newer ones.
        self.rows = sorted([*fresh, *self.rows], key=lambda row: row.position, reverse=True)
        self._ids.update(row.id for row in fresh)
        self._newest = max(self.rows[0].position, self._newest or self.rows[0].position)
        if self._drop_oldest():
            self.oldest_reached = False
        return len(fresh)

    def wait(self, rows: Sequence[OperationRow]) -> None:
        """Count rows that just came without showing them: the view does not move under a reader's eyes."""
        for row in rows:
            if row.id not in self._ids and row.id not in self._waiting_ids:
                self.waiting += 1
                # The set only serves to count a repeated batch once; it needs no long memory.
                if len(self._waiting_ids) < self._max_rows:
                    self._waiting_ids.add(row.id)

    def older(self, rows: Sequence[OperationRow], *, limit: int) -> int:
        """Add the next page back (newest first). Returns how many rows were dropped at the top for it."""
        self.rows += [row for row in rows if row.id not in self._ids]
        self.oldest_reached = len(rows) < limit
        dropped = max(0, len(self.rows) - self._max_rows)
        del self.rows[:dropped]
        self._ids = {row.id for row in self.rows}
        return dropped

    def newer(self, rows: Sequence[OperationRow], *, limit: int) -> int:
        """Put back what lies above (oldest first, as `since` reads). Returns how many rows were added on top.

        Rows that were never shown stay out: they wait, until the reader goes to the head.
        """
        known = self._newest
        fresh = [row for row in reversed(rows) if row.id not in self._ids and known and row.position <= known]
        self.rows[:0] = fresh
        if len(rows) < limit and self.rows:
            self._newest = self.rows[
                0
            ].position  # rows were removed from the log meanwhile: nothing is missing
        if self._drop_oldest():
            self.oldest_reached = False
        self._ids = {row.id for row in self.rows}
        return len(fresh)

    def index_of(self, operation_id: UUID | None) -> int | None:
        """Where a row stands now, or None when it is not in the window."""
        if operation_id not in self._ids:
            return None
        return next(index for index, row in enumerate(self.rows) if row.id == operation_id)

    def _drop_oldest(self) -> int:
        surplus = self.rows[self._max_rows :]
        del self.rows[self._max_rows :]
        self._ids.difference_update(row.id for row in surplus)
        return len(surplus)

    def _nothing_waits(self) -> None:
        self.waiting = 0
        self._waiting_ids.clear()
