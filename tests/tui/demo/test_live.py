"""The demo on a screen: the agents' mails appear in log and inbox while the dashboard runs."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from core.values.operation import LogFilter, OperationType
from tui.demo.live import make_app
from tui.screens.unavailable import UnavailableScreen

PATIENCE = 60  # seconds


async def test_the_agents_send_while_the_dashboard_shows_it(tmp_path: Path) -> None:
    async with AsyncExitStack() as exits:
        app = make_app(exits, tmp_path, user=None, messages=None, seed=1, rate=100)
        async with app.run_test(size=(100, 30)) as pilot, asyncio.timeout(PATIENCE):
            while not app.is_open:
                await pilot.pause()
            seen = 0
            wanted = LogFilter(operation_type=OperationType.SEND_EMAIL)
            async for rows in app.workspace.log.follow(wanted):
                seen += len(rows)
                if seen >= 10:
                    break
            store = app.capture_store
            assert store is not None
            assert store.count() > 0
            await pilot.press("4")
            await pilot.pause()


@pytest.mark.parametrize("user", ["GRACE@example.org"])
async def test_it_can_be_seen_as_another_user(tmp_path: Path, user: str) -> None:
    async with AsyncExitStack() as exits:
        app = make_app(exits, tmp_path, user=user, messages=1, seed=1, rate=1000)
        async with app.run_test() as pilot, asyncio.timeout(PATIENCE):
            while not app.is_open:
                await pilot.pause()
            assert app.workspace.user.email == "grace@example.org"


async def test_a_user_that_is_not_there_is_said_on_the_screen(tmp_path: Path) -> None:
    async with AsyncExitStack() as exits:
        app = make_app(exits, tmp_path, user="nobody@example.org", messages=1, seed=1, rate=1000)
        async with app.run_test() as pilot, asyncio.timeout(PATIENCE):
            while not isinstance(app.screen, UnavailableScreen):
                await pilot.pause()
