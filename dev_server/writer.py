"""Commits what sessions hand over: one thread, one transaction for all that waits, none delayed when idle."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Sequence
from typing import Final

from dev_server.errors import CaptureError, StoreError
from dev_server.message import Arrival
from dev_server.store import CaptureStore

_log: Final = logging.getLogger(__name__)
_GROUP_MESSAGES: Final = 256
_GROUP_BYTES: Final = 16 * 1024 * 1024

_Waiting = tuple[Arrival, "asyncio.Future[int]"]
_Outcome = tuple["asyncio.Future[int]", int | CaptureError]


class GroupWriter:
    """The one writer of a server. While a commit is under way, what arrives gathers for the next one."""

    def __init__(self, store: CaptureStore, loop: asyncio.AbstractEventLoop) -> None:
        self._store = store
        self._loop = loop
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="capture-writer", daemon=True)
        self._thread.start()

    def submit(self, arrival: Arrival) -> asyncio.Future[int]:
        """A future of the message's id, done once it is committed. Fails with the StoreError that prevented it."""
        future: asyncio.Future[int] = self._loop.create_future()
        self._queue.put((arrival, future))
        return future

    async def stop(self) -> None:
        """Commits what was submitted, and ends the thread."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        running = True
        while running:
            group, running = self._next_group()
            if group:
                self._answer(self._commit(group))

    def _next_group(self) -> tuple[list[_Waiting], bool]:
        first = self._queue.get()
        if first is None:
            return [], False
        group, size = [first], len(first[0].raw)
        while len(group) < _GROUP_MESSAGES and size < _GROUP_BYTES:
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                break
            if waiting is None:
                return group, False
            group.append(waiting)
            size += len(waiting[0].raw)
        return group, True

    def _commit(self, group: Sequence[_Waiting]) -> list[_Outcome]:
        try:
            ids = self._store.add_many([arrival for arrival, _ in group])
        except CaptureError as error:
            if len(group) == 1:
                return [(group[0][1], error)]
        except Exception as error:  # noqa: BLE001 - the thread must outlive whatever one message does
            _log.exception("a message could not be stored")
            if len(group) == 1:
                return [(group[0][1], StoreError(f"The message could not be stored: {error}"))]
        else:
            return [(future, number) for (_, future), number in zip(group, ids, strict=True)]
        # One that can't be stored (too large for what is left) must not take the others with it.
        return [outcome for waiting in group for outcome in self._commit((waiting,))]

    def _answer(self, outcomes: list[_Outcome]) -> None:
        try:
            self._loop.call_soon_threadsafe(_settle, outcomes)
        except RuntimeError:
            _log.debug("the event loop has gone; %d messages are stored, unacknowledged", len(outcomes))


def _settle(outcomes: list[_Outcome]) -> None:
    for future, outcome in outcomes:
        if future.done():
            continue  # the client has gone
        if isinstance(outcome, int):
            future.set_result(outcome)
        else:
            future.set_exception(outcome)
