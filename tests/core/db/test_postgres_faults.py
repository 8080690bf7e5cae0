"""A PostgreSQL that can't be reached or used: the right error with its remedy, and never the password."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.db.postgres import PostgresStore
from core.errors import (
    DatabaseForeign,
    DatabaseLocked,
    DatabaseMissing,
    DatabaseNewer,
    DatabaseReadOnly,
    DatabaseUnavailable,
    DriverMissing,
    WorkspaceError,
)
from core.testing import FakeTransport, FixedClock, MemoryKeyStore
from core.values.operation import Outcome
from core.workspace import Workspace, add_user
from tests.core.making import open_gate, run_sql
from tests.support.postgres import Postgres

PASSWORD = "s3cret-pass"


async def open_workspace(url: str) -> Workspace:
    return await Workspace.open(url, key_store=MemoryKeyStore(), transport=FakeTransport())


def everything_said(error: BaseException) -> str:
    said = []
    current: BaseException | None = error
    while current is not None:
        said.append(f"{current!r} {current} {getattr(current, 'remedy', '')}")
        current = (
            current.__cause__ if current.__cause__ or current.__suppress_context__ else current.__context__
        )
    return " ".join(said)


async def test_a_port_where_nobody_listens(unused_tcp_port: int) -> None:
    with pytest.raises(DatabaseUnavailable, match="does not answer") as caught:
        await open_workspace(f"postgresql://gate:{PASSWORD}@127.0.0.1:{unused_tcp_port}/post")
    assert "Check that the server runs" in caught.value.remedy
    assert PASSWORD not in everything_said(caught.value)


async def test_a_socket_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable):
        await open_workspace(f"postgresql://gate:{PASSWORD}@/post?host={tmp_path}")


async def test_a_host_that_nobody_knows() -> None:
    with pytest.raises(DatabaseUnavailable):
        await open_workspace(f"postgresql://gate:{PASSWORD}@no-such-host.invalid/post")


async def test_something_else_that_listens_there() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(8)
        writer.write(b"220 mail.test ESMTP\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(DatabaseUnavailable):
        await open_workspace(f"postgresql://gate:{PASSWORD}@127.0.0.1:{port}/post")
    server.close()


async def test_a_database_that_is_not_there(postgres: Postgres) -> None:
    with pytest.raises(DatabaseUnavailable, match="no database of that name"):
        await open_workspace(f"postgresql://{postgres.user}@/nothing?host={postgres.socket_folder}")


async def test_a_role_that_is_not_there(postgres: Postgres) -> None:
    with pytest.raises(DatabaseUnavailable, match="refuses the role"):
        await open_workspace(f"postgresql://nobody:{PASSWORD}@/postgres?host={postgres.socket_folder}")


async def test_a_driver_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)  # as the import system marks what can't be imported
    with pytest.raises(DriverMissing) as caught:
        await open_workspace("postgresql://gate@localhost/post")
    assert "gatepost[postgres]" in caught.value.remedy


async def test_an_empty_database_is_no_workspace_unless_one_may_be_made(postgres: Postgres) -> None:
    url = postgres.create_database()
    with pytest.raises(DatabaseMissing):
        await Workspace.open(url, create=False, key_store=MemoryKeyStore())
    with pytest.raises(DatabaseMissing):
        await add_user(url, "ada@home.test")


async def test_tables_of_another_program_with_our_names_are_left_alone(postgres: Postgres) -> None:
    url = postgres.create_database()
    name = url.split("/")[3].split("?")[0]
    postgres.run_sql(name, "CREATE TABLE users (login text)")
    with pytest.raises(DatabaseForeign):
        await open_workspace(url)
    assert postgres.run_sql(name, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == "1"


async def test_tables_of_another_program_beside_ours_disturb_nobody(postgres: Postgres) -> None:
    url = postgres.create_database()
    postgres.run_sql(url.split("/")[3].split("?")[0], "CREATE TABLE bookmarks (url text)")
    async with await open_workspace(url) as workspace:
        assert workspace.is_new


async def test_a_newer_workspace_is_refused(postgres: Postgres) -> None:
    url = postgres.create_database()
    async with await open_workspace(url) as workspace:
        await run_sql(workspace, "UPDATE workspace_info SET value = '2000' WHERE key = 'schema_version'")
    with pytest.raises(DatabaseNewer):
        await open_workspace(url)


async def test_a_role_without_rights_is_told_so(postgres: Postgres) -> None:
    url = postgres.create_database()
    name = url.split("/")[3].split("?")[0]
    async with await open_workspace(url):
        pass
    postgres.run_sql(name, f"CREATE ROLE stranger_{name} LOGIN")
    with pytest.raises(DatabaseReadOnly, match="lacks a right"):
        await open_workspace(f"postgresql://stranger_{name}@/{name}?host={postgres.socket_folder}")


async def test_a_connection_that_breaks_costs_one_error_and_nothing_else(postgres: Postgres) -> None:
    def cut(session: Session) -> None:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    transport, clock = FakeTransport(), FixedClock()
    async with await Workspace.open(
        postgres.create_database(), key_store=MemoryKeyStore(), transport=transport, clock=clock
    ) as workspace:
        gate = await open_gate(workspace, transport, clock)
        for run in (workspace._database.as_operator().write, workspace._database.as_operator().read):
            with pytest.raises(DatabaseUnavailable, match="lost"):
                await run(cut)
        assert (await gate.send()).outcome is Outcome.SENT
        assert len(await gate.log()) == 1


async def test_a_lock_that_is_not_released_in_time_is_named(postgres: Postgres) -> None:
    def want(session: Session) -> None:
        session.execute(text("SET LOCAL lock_timeout = '20ms'"))
        session.execute(text("LOCK TABLE users"))

    async with await open_workspace(postgres.create_database()) as workspace:
        store = workspace._database._store
        assert isinstance(store, PostgresStore)
        async with store._engine.begin() as connection:
            await connection.execute(text("LOCK TABLE users"))
            with pytest.raises(DatabaseLocked):
                await workspace._database.as_operator().write(want)


async def test_an_error_of_the_database_tells_no_values(postgres: Postgres) -> None:
    async with await open_workspace(postgres.create_database()) as workspace:
        with pytest.raises(Exception, match="check") as caught:
            await run_sql(
                workspace,
                "INSERT INTO quota_usage VALUES (gen_random_uuid(), now(), :scope, "
                "(SELECT id FROM users), 1, 1)",
                {"scope": PASSWORD},
            )
        assert not isinstance(caught.value, WorkspaceError)
        assert PASSWORD not in str(caught.value).split("DETAIL")[0]
