"""Files that can't be a workspace, or can't be written: the right error with its remedy, and nothing changed."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text

from core.errors import (
    DatabaseForeign,
    DatabaseMissing,
    DatabaseNewer,
    DatabaseReadOnly,
    DatabaseUnavailable,
    DiskFull,
    WorkspaceError,
)
from core.testing import FakeTransport, FixedClock, MemoryKeyStore
from core.values.operation import LogFilter, Outcome
from core.workspace import Workspace
from tests.core.db.facts import engine_of
from tests.core.making import Gate, beneath, mail, open_gate


async def open_workspace(path: Path, **options: object) -> Workspace:
    options = {"key_store": MemoryKeyStore(), "transport": FakeTransport(), **options}
    return await Workspace.open(str(path), **options)  # type: ignore[arg-type]


def make_foreign(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.close()


def make_text(path: Path) -> None:
    path.write_text("Dear diary,\n" * 1000)


async def make_newer(path: Path) -> None:
    async with await open_workspace(path) as workspace:
        await beneath(
            workspace,
            lambda session: session.execute(
                text("UPDATE workspace_info SET value = '999' WHERE key = 'schema_version'")
            ),
        )


async def make_damaged(path: Path) -> None:
    async with await open_workspace(path):
        pass
    damage(path)


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for page in range(4096, len(content), 4096):  # the first one stays: it still looks like a database
        content[page : page + 64] = bytes(64)
    path.write_bytes(content)


@pytest.mark.parametrize("make", [make_foreign, make_text], ids=["another program's", "a text"])
async def test_a_file_of_something_else_is_refused_and_stays_as_it_was(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "w.sqlite3"
    make(path)
    before = path.read_bytes()
    with pytest.raises(DatabaseForeign) as caught:
        await open_workspace(path)
    assert caught.value.remedy
    assert path.read_bytes() == before


async def test_a_newer_workspace_is_refused_and_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "w.sqlite3"
    await make_newer(path)
    before = path.read_bytes()
    with pytest.raises(DatabaseNewer, match="schema version 999") as caught:
        await open_workspace(path)
    assert "newest" in caught.value.remedy
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", ["", "one", "-1", "²"])
async def test_a_workspace_without_a_readable_version_is_refused(tmp_path: Path, version: str) -> None:
    path = tmp_path / "w.sqlite3"
    async with await open_workspace(path) as workspace:
        await beneath(
            workspace,
            lambda session: session.execute(text("UPDATE workspace_info SET value = :v"), {"v": version}),
        )
    with pytest.raises(DatabaseForeign):
        await open_workspace(path)


async def test_a_damaged_file_is_named_as_one(tmp_path: Path) -> None:
    path = tmp_path / "w.sqlite3"
    await make_damaged(path)
    with pytest.raises(DatabaseForeign, match="damaged") as caught:
        await open_workspace(path)
    assert "backup" in caught.value.remedy


async def test_a_file_cut_in_half_is_never_used(tmp_path: Path) -> None:
    path = tmp_path / "w.sqlite3"
    async with await open_workspace(path):
        pass
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(WorkspaceError):
        await open_workspace(path)


async def test_a_folder_and_a_device_are_no_workspace(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, what in (
        (tmp_path, "a folder"),
        (tmp_path / "pipe", "not a file"),
        (Path("/dev/null"), "file"),
    ):
        with pytest.raises(DatabaseForeign, match=what):
            await open_workspace(path)


async def test_where_there_is_nothing_nothing_is_made_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "not" / "there.sqlite3"
    with pytest.raises(DatabaseMissing, match=r"there\.sqlite3"):
        await open_workspace(path, create=False)
    assert not path.parent.exists()


async def test_an_empty_file_is_no_workspace_unless_one_may_be_made(tmp_path: Path) -> None:
    path = tmp_path / "w.sqlite3"
    path.touch()
    with pytest.raises(DatabaseMissing):
        await open_workspace(path, create=False)
    async with await open_workspace(path) as workspace:
        assert workspace.is_new


async def test_a_path_through_a_file_is_refused_with_the_path(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match="file/w") as caught:
        await open_workspace(tmp_path / "file" / "w.sqlite3")
    assert "server" not in caught.value.remedy


@contextmanager
def unprivileged() -> Iterator[Path]:
    """A folder of an ordinary user, and this process acting as that user: root may write everywhere."""
    folder = Path(tempfile.mkdtemp(prefix="gatepost-ro-"))
    is_root = os.geteuid() == 0
    try:
        if is_root:
            user = pwd.getpwnam("nobody")
            os.chown(folder, user.pw_uid, user.pw_gid)
            os.seteuid(user.pw_uid)
        yield folder
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o700)
        shutil.rmtree(folder)


async def test_a_file_that_may_not_be_written_can_be_looked_at_and_sends_nothing() -> None:
    with unprivileged() as folder:
        path, keys = folder / "w.sqlite3", MemoryKeyStore()
        async with await open_workspace(path, key_store=keys) as workspace:
            await open_gate(workspace, FakeTransport(), FixedClock())
        path.chmod(0o400)
        async with await open_workspace(path, key_store=keys) as workspace:
            agent = await workspace.agents.get("Postbot")
            configuration = await workspace.configurations.get("Main")
            with pytest.raises(DatabaseReadOnly) as caught:
                await workspace.mail.send(agent.id, configuration.id, mail())
            assert "write access" in caught.value.remedy
            assert await workspace.log.page(LogFilter()) == []


async def test_a_folder_that_may_not_be_written_says_so() -> None:
    with unprivileged() as folder:
        folder.chmod(0o500)
        for path in (folder / "w.sqlite3", folder / "deeper" / "w.sqlite3"):
            with pytest.raises(DatabaseReadOnly, match=r"w\.sqlite3") as caught:
                await open_workspace(path)
            assert "folder" in caught.value.remedy


async def test_a_folder_that_may_not_be_entered_says_so() -> None:
    with unprivileged() as folder:
        folder.chmod(0o000)
        with pytest.raises(DatabaseReadOnly):
            await open_workspace(folder / "w.sqlite3")


async def test_a_file_in_a_folder_that_became_read_only_is_not_written() -> None:
    with unprivileged() as folder:
        path = folder / "w.sqlite3"
        async with await open_workspace(path):
            pass
        folder.chmod(0o500)  # no write-ahead log can be made beside the file
        with pytest.raises((DatabaseReadOnly, DatabaseUnavailable)) as caught:
            await open_workspace(path)
        assert "folder" in caught.value.remedy


# While it is open


@pytest.fixture
async def gate(tmp_path: Path) -> Gate:  # on SQLite only
    transport, clock = FakeTransport(), FixedClock()
    workspace = await Workspace.open(
        str(tmp_path / "w.sqlite3"), key_store=MemoryKeyStore(), transport=transport, clock=clock
    )
    return await open_gate(workspace, transport, clock)


@contextmanager
def full_disk(engine: Engine) -> Iterator[None]:
    """No connection of the engine may add a page to the file: a real SQLITE_FULL."""

    def limit(connection: sqlite3.Connection, *others: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # SQLite raises it to what is there

    def lift(connection: sqlite3.Connection, *others: object) -> None:
        connection.execute("PRAGMA max_page_count = 1000000")

    event.listen(engine, "checkout", limit)
    try:
        yield
    finally:
        event.remove(engine, "checkout", limit)
        event.listen(engine, "checkout", lift)


async def test_with_a_full_disk_nothing_is_sent_and_afterwards_all_is_well(gate: Gate) -> None:
    body = "x" * 100_000  # more than there can be room for in the pages that are there
    with full_disk(engine_of(gate.workspace._database)):
        with pytest.raises(DiskFull) as caught:
            await gate.send(text=body)
        assert "nothing was sent" in caught.value.remedy
        assert gate.transport.sent == []
        assert await gate.used() == (0, 0)
        assert await gate.log() == []  # it can still be read
    assert (await gate.send(text=body)).outcome is Outcome.SENT
    assert await gate.used() == (1, 1)
    assert len(await gate.log()) == 1
    await gate.workspace.close()


async def test_with_a_full_disk_each_of_many_that_wait_together_hears_of_it(gate: Gate) -> None:
    with full_disk(engine_of(gate.workspace._database)):
        results = await asyncio.gather(
            *(gate.send(text="x" * 100_000) for _ in range(20)), return_exceptions=True
        )
    assert {type(result) for result in results} == {DiskFull}
    assert gate.transport.sent == []
    assert await gate.used() == (0, 0)
    assert (await gate.send()).outcome is Outcome.SENT
    await gate.workspace.close()


@pytest.mark.parametrize("how", ["moved away", "replaced"])
async def test_a_file_that_was_moved_away_takes_no_mail_that_would_be_lost(
    gate: Gate, tmp_path: Path, how: str
) -> None:
    path, elsewhere = tmp_path / "w.sqlite3", tmp_path / "elsewhere.sqlite3"
    path.rename(elsewhere)
    if how == "replaced":
        path.touch()
    with pytest.raises(DatabaseMissing) as caught:
        await gate.send()
    assert caught.value.remedy
    assert gate.transport.sent == []
    elsewhere.rename(path)
    assert (await gate.send()).outcome is Outcome.SENT
    await gate.workspace.close()


async def test_a_log_row_that_cannot_be_read_is_an_error_not_a_crash(gate: Gate, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError):
        await gate.workspace.close()
        await gate.workspace.log.page(LogFilter())
    with pytest.raises(WorkspaceError):
        await gate.workspace.mail.send(gate.agent.id, gate.configuration.id, mail())
