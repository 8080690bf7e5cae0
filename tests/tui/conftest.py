"""Driving the dashboard as a person does: by keys, on a real workspace, against a real capture server."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import TextArea

from core.errors import GatepostError
from core.testing import MemoryKeyStore
from core.workspace import Workspace
from dev_server.server import CaptureServer
from dev_server.store import CaptureStore
from tui.app import GatepostApp

# Workers that go on for as long as their screen: the log's and the inbox's.
LASTING = frozenset({"follow", "watch"})


class Hands:
    """A person's hands and eyes on a running dashboard."""

    def __init__(self, pilot: Pilot[None], app: GatepostApp) -> None:
        self.pilot = pilot
        self.app = app

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, and let what they began come to its end."""
        for key in keys:
            await self.pilot.press(key)
            await self.settle()

    async def write(self, text: str) -> None:
        self._keys(*text)
        await self.until(lambda: self._written().endswith(text))

    def _written(self) -> str:
        focused = self.app.focused
        return focused.text if isinstance(focused, TextArea) else getattr(focused, "value", "")

    def _keys(self, *keys: str) -> None:
        """Key events at once, as a fast typist's (Pilot.press waits for a painted screen after every key)."""
        for key in keys:
            self.app.post_message(events.Key(key, key if len(key) == 1 else None))

    async def rewrite(self, text: str) -> None:
        """Replace what stands in the focused input."""
        await self.pilot.press("end", "ctrl+u")
        await self.write(text)

    async def go_to(self, widget_id: str) -> None:
        """Tab on until the widget of that id has the focus."""
        chain = [widget.id for widget in self.app.screen.focus_chain]
        now = chain.index(self.app.focused.id) if self.app.focused is not None else -1
        self._keys(*["tab"] * ((chain.index(widget_id) - now) % len(chain)))
        await self.pilot.pause()
        assert self.app.focused is not None
        assert self.app.focused.id == widget_id

    async def fill(self, **fields: str) -> None:
        """Go to each field by tab and write into it."""
        for name, text in fields.items():
            await self.go_to(name)
            await self.rewrite(text)

    async def settle(self) -> None:
        """Wait until no worker is under way, but for those that follow for ever, and every message is handled."""
        await self.until(
            lambda: all(worker.is_finished or worker.group in LASTING for worker in self.app.workers)
        )

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(1000):
            await self.pilot.pause()
            if condition():
                await self.pilot.pause()
                return
            await self.pilot.pause(0.01)
        raise AssertionError("this never came true; the screen shows:\n" + self.seen())

    def seen(self) -> str:
        """The text on the uppermost screen."""
        strips = self.app.screen._compositor.render_strips(self.app.size)
        return "\n".join(strip.text.rstrip() for strip in strips)

    def read(self) -> str:
        """The same without frames and line ends, for sentences that wrap."""
        return " ".join(re.sub("[│─╭╮╰╯]", " ", self.seen()).split())

    def said(self) -> str:
        """The notifications so far."""
        return "\n".join(notification.message for notification in self.app._notifications)


Dashboard: TypeAlias = Callable[..., AbstractAsyncContextManager[Hands]]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "workspace.sqlite3"


@pytest.fixture
def key_store() -> MemoryKeyStore:
    return MemoryKeyStore()


@pytest.fixture
async def owned(database: Path, key_store: MemoryKeyStore) -> AsyncIterator[Workspace]:
    """The workspace that the dashboard shows too, opened beside it: for what a test needs to be there."""
    async with await Workspace.open(str(database), user="ada@example.com", key_store=key_store) as workspace:
        yield workspace


@pytest.fixture
async def capture(tmp_path: Path) -> AsyncIterator[CaptureServer]:
    """A capture server on a free loopback port."""
    store = CaptureStore.open(tmp_path / "capture.sqlite3", durability="normal")
    async with CaptureServer(store) as server:
        yield server
    store.close()


@pytest.fixture
def dashboard(database: Path, key_store: MemoryKeyStore) -> Dashboard:
    """`async with dashboard() as hands`: the app on this test's workspace, open and settled."""

    @asynccontextmanager
    async def running(
        *, size: tuple[int, int] = (80, 24), fails: list[GatepostError] | None = None, **options: Any
    ) -> AsyncIterator[Hands]:
        async def connect() -> Workspace:
            if fails:
                raise fails.pop()
            return await Workspace.open(str(database), key_store=key_store)

        app = GatepostApp(connect, **options)
        app.animation_level = "none"
        async with app.run_test(size=size, notifications=True) as pilot:
            hands = Hands(pilot, app)
            await hands.until(lambda: app.is_open or len(app.screen_stack) > 1)
            await hands.settle()
            yield hands

    return running
