"""What every test may ask for: a workspace on each engine, a real PostgreSQL, a clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from core.testing import FakeTransport, FixedClock, MemoryKeyStore
from core.workspace import Workspace
from tests.support.postgres import Postgres, running_postgres

# Property tests here are about rules, not about how busy the machine is: no deadline per example.
settings.register_profile("gatepost", deadline=None)
settings.load_profile("gatepost")


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tests neither read nor write the workspace, the key and the settings of whoever runs them."""
    for name in (
        "GATEPOST_DATABASE",
        "GATEPOST_USER",
        "GATEPOST_KEY_FILE",
        "GATEPOST_PASSWORD",
        "GATEPOST_DEBUG",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home" / name.lower()))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL server."""
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that is not there yet (SQLite) or empty (PostgreSQL)."""
    if request.param == "sqlite":
        return str(tmp_path / "workspace.sqlite3")
    server: Postgres = request.getfixturevalue("postgres")
    return server.create_database()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def transport() -> FakeTransport:
    return FakeTransport()


@pytest.fixture
async def workspace(
    database_url: str, clock: FixedClock, transport: FakeTransport
) -> AsyncIterator[Workspace]:
    """A new workspace, on each engine in turn, whose mail is kept instead of sent."""
    async with await Workspace.open(
        database_url, key_store=MemoryKeyStore(), transport=transport, clock=clock
    ) as opened:
        yield opened
