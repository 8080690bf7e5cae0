"""The captured mails that are in memory, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dev_server.message import CapturedMessage
from tui.screens.inbox.feed import PAGE

MAX_ROWS: Final = 5_000  # kept while the newest are watched; more only where a reader goes further back


class Mails:
    """Rows without gaps within what was searched for. Each method returns how far a row moved down by it."""

    def __init__(self) -> None:
        self.rows: list[CapturedMessage] = []
        self.oldest_reached = False

    def replace(self, rows: Sequence[CapturedMessage], *, keep: CapturedMessage | None) -> int:
        """Other rows than before; `keep` is the one whose move counts. 0 when it is gone."""
        old = self._place(keep)
        self.rows = list(rows)
        self.oldest_reached = len(rows) < PAGE
        new = self._place(keep)
        return new - old if old is not None and new is not None else 0

    def arrived(self, rows: Sequence[CapturedMessage], *, at_newest: bool) -> int:
        """Mails that came, newest first; some may be known already."""
        known = self.rows[0].id if self.rows else 0
        fresh = [row for row in rows if row.id > known]
        self.rows[:0] = fresh
        if at_newest and len(self.rows) > MAX_ROWS:
            del self.rows[MAX_ROWS:]
            self.oldest_reached = False
        return len(fresh)

    def older(self, rows: Sequence[CapturedMessage]) -> None:
        """The next page back."""
        last = self.rows[-1].id if self.rows else 0
        self.rows += [row for row in rows if row.id < last]
        self.oldest_reached = len(rows) < PAGE

    def without(self, message_id: int) -> None:
        """One mail was deleted."""
        self.rows = [row for row in self.rows if row.id != message_id]

    def _place(self, wanted: CapturedMessage | None) -> int | None:
        if wanted is None:
            return None
        return next((place for place, row in enumerate(self.rows) if row.id == wanted.id), None)
