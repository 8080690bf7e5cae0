"""Every connection to a SQLite file keeps the promises: it waits, it survives a power cut, it minds references."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.db.database import Database
from core.db.sqlite import BUSY_TIMEOUT_MS, READERS
from core.db.types import lowered
from tests.core.db.facts import open_database

PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL
    "foreign_keys": 1,
    "busy_timeout": BUSY_TIMEOUT_MS,
    "recursive_triggers": 1,
    "trusted_schema": 0,
}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_database(tmp_path / "w.sqlite3")
    yield opened
    await opened.close()


def pragmas(session: Session) -> tuple[int, dict[str, Any]]:
    connection = session.connection()
    found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in PRAGMAS}
    return id(connection.connection.driver_connection), found


async def test_the_writers_connection_has_every_setting(database: Database) -> None:
    _, found = await database.as_operator().write(pragmas)
    assert found == PRAGMAS


async def test_each_readers_connection_has_every_setting(database: Database) -> None:
    results = await asyncio.gather(*(database.as_operator().read(pragmas) for _ in range(READERS * 4)))
    assert all(found == PRAGMAS for _, found in results)


async def test_small_letters_are_found_in_every_script(database: Database) -> None:
    def work(session: Session) -> list[str]:
        return [session.scalar(select(lowered(text))) or "" for text in ("ABC", "ÄÖÜ", "ΣΩ", "ЖЩ")]

    assert await database.as_operator().read(work) == ["abc", "äöü", "σω", "жщ"]


async def test_a_new_file_and_its_folder_are_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "w.sqlite3"
    database = await open_database(path)
    try:
        for each in path.parent.iterdir():
            assert stat.S_IMODE(each.stat().st_mode) == 0o600, each.name
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    finally:
        await database.close()


async def test_the_file_is_whole_after_closing(tmp_path: Path) -> None:
    database = await open_database(tmp_path / "w.sqlite3")
    await database.close()
    with sqlite3.connect(tmp_path / "w.sqlite3") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
