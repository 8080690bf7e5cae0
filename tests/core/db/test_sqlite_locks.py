"""A file that another process has locked: it is waited for, and nothing is lost; in the end, an honest error."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

import core.db.sqlite
from core.errors import DatabaseLocked
from core.testing import FakeTransport, FixedClock, MemoryKeyStore
from core.values.operation import Outcome
from core.workspace import Workspace
from tests.core.db.facts import engine_of
from tests.core.making import Gate, open_gate

ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def held(path: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process holds the write lock."""
    holder = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.core.db.holder",
        str(path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"held\n"
    try:
        yield holder
    finally:
        if holder.returncode is None:
            await release(holder)


async def release(holder: asyncio.subprocess.Process) -> None:
    await holder.communicate(b"\n")
    assert holder.returncode == 0


async def gate_at(path: Path) -> Gate:
    transport, clock = FakeTransport(), FixedClock()
    workspace = await Workspace.open(str(path), key_store=MemoryKeyStore(), transport=transport, clock=clock)
    return await open_gate(workspace, transport, clock)


async def test_a_lock_of_another_process_is_waited_for_and_no_row_is_lost(tmp_path: Path) -> None:
    gate = await gate_at(tmp_path / "w.sqlite3")
    loop, asks = asyncio.get_running_loop(), asyncio.Event()

    def about_to_ask(connection: object) -> None:
        loop.call_soon_threadsafe(asks.set)

    async with held(tmp_path / "w.sqlite3") as holder:
        event.listen(engine_of(gate.workspace._database), "begin", about_to_ask, insert=True)
        sending = [asyncio.ensure_future(gate.send()) for _ in range(10)]
        await asks.wait()
        assert await gate.log() == []  # reading is not kept from anybody
        assert not any(task.done() for task in sending)
        await release(holder)
        results = await asyncio.gather(*sending)
    assert {result.outcome for result in results} == {Outcome.SENT}
    assert len(await gate.log()) == 10
    assert await gate.used() == (10, 10)
    await gate.workspace.close()


async def test_a_lock_that_is_never_released_ends_in_an_honest_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.db.sqlite, "BUSY_TIMEOUT_MS", 20)
    gate = await gate_at(tmp_path / "w.sqlite3")
    async with held(tmp_path / "w.sqlite3"):
        results = await asyncio.gather(*(gate.send() for _ in range(5)), return_exceptions=True)
        assert {type(result) for result in results} == {DatabaseLocked}
        assert "nothing was changed" in str(getattr(results[0], "remedy", ""))
        assert gate.transport.sent == []
    assert (await gate.send()).outcome is Outcome.SENT
    assert len(await gate.log()) == 1
    assert await gate.used() == (1, 1)
    await gate.workspace.close()


async def test_a_workspace_that_is_locked_while_it_is_opened_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "w.sqlite3"
    await (await gate_at(path)).workspace.close()
    monkeypatch.setattr(core.db.sqlite, "BUSY_TIMEOUT_MS", 20)
    async with held(path):
        with pytest.raises(DatabaseLocked):
            await Workspace.open(str(path), key_store=MemoryKeyStore())
