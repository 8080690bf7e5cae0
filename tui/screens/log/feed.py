"""Reading the log for the screen: the first page, what comes after it, and again by itself after a fault."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.errors import GatepostError
from core.values.operation import LogCursor, LogFilter, OperationRow
from tui.screens.log.window import PAGE

if TYPE_CHECKING:
    from core.workspace import Workspace

FIRST_WAIT: Final = 0.5  # seconds until the first new attempt after a fault
LONGEST_WAIT: Final = 8.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """The newest page of what was asked for."""

    rows: Sequence[OperationRow]


@dataclass(frozen=True, slots=True)
class Arrived:
    """Rows that came after it; none, when the log answers again after a fault and nothing was missed."""

    rows: Sequence[OperationRow]


@dataclass(frozen=True, slots=True)
class Faulted:
    """The log does not answer; it is asked again by itself."""

    error: GatepostError


News = Loaded | Arrived | Faulted


async def follow(workspace: Workspace, wanted: LogFilter, tell: Callable[[News], object]) -> None:
    """Tell the newest page once, then every row that comes, until cancelled. Never raises core's errors.

    The place to follow from is taken before the page is read, so that no row falls between the two; some may
    be told twice.
    """
    place: LogCursor | None = None
    has_page = False
    wait = FIRST_WAIT
    while True:
        try:
            if place is None:
                place = await workspace.log.head()
            if not has_page:
                tell(Loaded(await workspace.log.page(wanted, limit=PAGE)))
                has_page = True
            else:
                missed = await workspace.log.since(wanted, place)
                tell(Arrived(missed))
                place = missed[-1].position if missed else place
            wait = FIRST_WAIT
            async for rows in workspace.log.follow(wanted, place):
                tell(Arrived(rows))
                place = rows[-1].position
        except GatepostError as error:
            tell(Faulted(error))
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)
