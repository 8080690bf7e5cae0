"""What the tests of core share: workspaces copied from one that is made once, and a gate in them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.testing import FakeTransport, FixedClock, MemoryKeyStore
from core.workspace import Workspace
from tests.core.making import Gate, open_gate
from tests.support.postgres import Postgres


def make_workspace(url: str) -> None:
    async def make() -> None:
        await (
            await Workspace.open(
                url, key_store=MemoryKeyStore(), transport=FakeTransport(), clock=FixedClock()
            )
        ).close()

    asyncio.run(make())


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of one user in a file."""
    path = tmp_path_factory.mktemp("template") / "workspace.sqlite3"
    make_workspace(str(path))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """The name of a database with a workspace of one user."""
    url = postgres.create_database()
    make_workspace(url)
    return url.split("/")[3].split("?")[0]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database that is not there yet or empty; for tests of an opened `workspace` a copy, as tables take time."""
    is_opened = "workspace" in request.fixturenames
    if request.param == "sqlite":
        path = tmp_path / "workspace.sqlite3"
        if is_opened:
            shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield str(path)
        return
    server: Postgres = request.getfixturevalue("postgres")
    template = request.getfixturevalue("postgres_template") if is_opened else "template1"
    name = f"copy_{next(server.databases)}"
    server.run_sql("postgres", f"CREATE DATABASE {name} TEMPLATE {template}")
    yield f"postgresql://{server.user}@/{name}?host={server.socket_folder}"
    # At once, while nothing of it has reached the disk.
    server.run_sql("postgres", f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def gate(workspace: Workspace, transport: FakeTransport, clock: FixedClock) -> Gate:
    """On each engine: an agent with an unrestricted grant on one configuration."""
    return await open_gate(workspace, transport, clock)
