"""What every service needs: the database as one user sees it, the clock, the vault, the way out, the signal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar
from uuid import UUID

from core.clock import Clock
from core.db.database import BoundDatabase
from core.delivery.transport import Transport
from core.errors import Conflict, NotFound
from core.values.agent import UserRow
from core.vault.store import Vault


class LogSignal:
    """Wakes those who follow the log when this process has written to it."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()

    def notify(self) -> None:
        for event in self._waiting:
            event.set()

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """An event that every notification sets. Clear it before reading: what comes meanwhile is not missed."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            yield event
        finally:
            self._waiting.discard(event)


@dataclass(frozen=True, slots=True)
class Context:
    """Handed to every service of a workspace."""

    database: BoundDatabase
    user: UserRow
    clock: Clock
    vault: Vault
    transport: Transport
    log_signal: LogSignal


class _Named(Protocol):
    @property
    def id(self) -> UUID: ...
    @property
    def name(self) -> str: ...


Named = TypeVar("Named", bound=_Named)

SHORTEST_ID = 4


def find(rows: Iterable[Named], wanted: str | UUID, *, what: str) -> Named:
    """The row of that name (case aside), id, or beginning of an id. Raises NotFound, Conflict when several fit."""
    rows = list(rows)
    text = str(wanted).strip()
    digits = text.lower().replace("-", "")
    # An id is an id, whatever name somebody gave to another row; a name comes before the beginning of an id.
    for fits in (lambda row: row.id.hex == digits, lambda row: row.name == text):
        if found := next(filter(fits, rows), None):
            return found
    fitting = [row for row in rows if row.name.casefold() == text.casefold()]
    if not fitting and len(digits) >= SHORTEST_ID:
        fitting = [row for row in rows if row.id.hex.startswith(digits)]
    if len(fitting) > 1:
        names = ", ".join(f"{row.name} ({row.id})" for row in fitting)
        raise Conflict(f"{text!r} fits several {what}s: {names}", remedy="Give more of the id.")
    if not fitting:
        raise NotFound(f"there is no {what} {text!r}")
    return fitting[0]
