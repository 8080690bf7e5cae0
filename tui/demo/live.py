"""The demo on a screen: the dashboard opens at once, the stage is set behind it, then the agents come on."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import UnknownUser
from dev_server.store import CaptureStore
from sample_data import load
from tui.app import GatepostApp
from tui.demo.agents import Agents
from tui.demo.endings import ended_by_signals
from tui.demo.stage import Paths, open_stage

if TYPE_CHECKING:
    from core.workspace import Workspace
    from tui.demo.stage import Stage


async def show(folder: Path, *, user: str | None, messages: int | None, seed: int, rate: float) -> int:
    """Run the dashboard on a stage in `folder` until it is left; 0, or 1 when it ended by a fault of ours.

    `user` is an address of the sample data, None its first user. `messages` None: the agents go on for ever.
    """
    async with AsyncExitStack() as exits:
        app = make_app(exits, folder, user=user, messages=messages, seed=seed, rate=rate)
        with ended_by_signals(app.exit):
            await app.run_async()
        return app.return_code or 0


def make_app(
    exits: AsyncExitStack, folder: Path, *, user: str | None, messages: int | None, seed: int, rate: float
) -> GatepostApp:
    """The dashboard, which sets the stage once it is painted and leaves taking it down to `exits`."""
    stage: Stage | None = None

    async def connect() -> Workspace:
        nonlocal stage
        data = await asyncio.to_thread(load)
        who = _who(user, [known.email for known in data.users])
        stage = await exits.enter_async_context(open_stage(folder, data=data, seed=seed))
        return await stage.connect(who)

    def capture() -> CaptureStore:
        # A screen may ask before the stage is set.
        path = Paths(folder=folder).capture
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return CaptureStore.open(path, durability="normal")

    async def on_ready(_: Workspace) -> None:
        assert stage is not None
        await Agents(stage, seed=seed).keep_playing(messages, rate=rate)

    return GatepostApp(connect, capture=capture, on_ready=on_ready, start_mode="log")


def _who(wanted: str | None, known: list[str]) -> str:
    if wanted is None:
        return known[0]
    for email in known:
        if email.casefold() == wanted.strip().casefold():
            return email
    raise UnknownUser(f"the demo has no user {wanted}", remedy=f"It has {' and '.join(known)}.")
