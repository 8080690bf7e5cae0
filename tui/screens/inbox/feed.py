"""Watching the capture store for the screen: its newest page, what comes, and again by itself after a fault."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from dev_server.errors import CaptureError
from dev_server.message import CapturedMessage
from dev_server.store import CaptureStore

PAGE: Final = 200
BATCH: Final = 500
LOOK_EVERY: Final = 0.5  # seconds; another process may be the one that captures
LONGEST_WAIT: Final = 8.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """The newest page of what was asked for, and how many mails there are in all."""

    rows: Sequence[CapturedMessage]
    count: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """Mails that came after it, newest first. None: nothing new, but the store answers."""

    rows: Sequence[CapturedMessage]
    count: int


@dataclass(frozen=True, slots=True)
class Faulted:
    """The store does not answer; it is asked again by itself."""

    error: CaptureError


News = Loaded | Arrived | Faulted


async def watch(store: CaptureStore, text: str, tell: Callable[[News], object]) -> None:
    """Tell the newest page, then every mail that comes, until cancelled. Never raises CaptureError.

    Where mails were deleted by somebody else, the newest page is told anew.
    """
    last: int | None = None
    seen = 0  # mails that there must be at least
    is_faulted = False
    wait = LOOK_EVERY
    while True:
        come: list[CapturedMessage] = []
        try:
            if last is None:
                seen, last, rows = await asyncio.to_thread(_load, store, text)
                tell(Loaded(rows, seen))
            else:
                come, count = await asyncio.to_thread(_look, store, last)
                if count < seen + len(come):
                    last = None
                elif come or is_faulted:
                    tell(Arrived([row for row in reversed(come) if matches(row, text)], count))
                    last = come[-1].id if come else last
                seen = seen + len(come) if come else count
            is_faulted, wait = False, LOOK_EVERY
        except CaptureError as error:
            tell(Faulted(error))
            is_faulted, wait = True, min(wait * 2, LONGEST_WAIT)
        if len(come) < BATCH:
            await asyncio.sleep(wait)


def _load(store: CaptureStore, text: str) -> tuple[int, int, list[CapturedMessage]]:
    # In this order what comes meanwhile is told twice rather than not at all.
    count = store.count()
    newest = store.list(limit=1)
    return count, (newest[0].id if newest else 0), store.list(limit=PAGE, text=text)


def _look(store: CaptureStore, last: int) -> tuple[list[CapturedMessage], int]:
    come = store.since(last, BATCH)
    return come, store.count()


def matches(row: CapturedMessage, text: str) -> bool:
    """Whether a mail that just came belongs to what is shown: as the store's own search has it."""
    wanted = text.casefold()
    return not wanted or any(
        wanted in part.casefold() for part in (row.subject, row.from_header, row.sender, *row.recipients)
    )
