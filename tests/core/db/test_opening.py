"""Opening a workspace: the first time, together with others, as one of several users."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from core.errors import Conflict, InvalidInput, UnknownUser, WorkspaceError
from core.models import VaultSecret
from core.services.configurations import PASSWORD_PURPOSE
from core.testing import FakeTransport, MemoryKeyStore
from core.vault.keys import FileKeyStore
from core.workspace import Workspace, add_user
from tests.core.making import PASSWORD, beneath, run_sql
from tests.core.processes import run_together

PROCESSES = 3


async def test_several_processes_that_make_the_same_workspace_make_one(
    database_url: str, tmp_path: Path
) -> None:
    key_file = tmp_path / "keys" / "master.key"
    said = await run_together("tests.core.db.opener", database_url, str(key_file), count=PROCESSES)
    assert sorted(each.split()[0] for each in said) == ["new"] + ["there"] * (PROCESSES - 1)
    assert len({each.split()[1] for each in said}) == 1  # the same user
    async with await Workspace.open(database_url, key_store=FileKeyStore(key_file)) as workspace:
        configurations = await workspace.configurations.list()
        assert len(configurations) == PROCESSES
        for name in ("users", "oauth_providers", "vault_keys"):
            assert [tuple(row) for row in await run_sql(workspace, f"SELECT count(*) FROM {name}")] == [(1,)]
        vault = workspace._context.vault
        secrets = await beneath(
            workspace,
            lambda session: [
                vault.get(
                    session, owner_id=workspace.user.id, secret_id=row.id, purpose=PASSWORD_PURPOSE
                ).reveal()
                for row in session.execute(select(VaultSecret.id))
            ],
        )
        assert secrets == [PASSWORD] * PROCESSES


async def test_the_first_user_is_the_named_one_or_the_owner(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEPOST_USER", "ada@home.test")
    async with await Workspace.open(database_url, key_store=MemoryKeyStore()) as workspace:
        assert (workspace.user.email, workspace.is_new) == ("ada@home.test", True)
    monkeypatch.delenv("GATEPOST_USER")
    async with await Workspace.open(database_url, key_store=MemoryKeyStore()) as workspace:
        assert (workspace.user.email, workspace.is_new) == ("ada@home.test", False)


async def test_among_several_users_one_has_to_be_named(workspace: Workspace, database_url: str) -> None:
    ada = await add_user(database_url, "Ada.Müller@home.test", "Ada")

    async def opened(user: str | None) -> Workspace:
        return await Workspace.open(
            database_url, user=user, key_store=MemoryKeyStore(), transport=FakeTransport()
        )

    with pytest.raises(UnknownUser, match="several users") as caught:
        await opened(None)
    assert "--user" in caught.value.remedy
    for name in ("nobody@home.test", "", "ada", "\ud800", "a\0b", "%"):
        with pytest.raises(UnknownUser):
            await opened(name)
    for name in ("Ada.Müller@home.test", "ada.müller@home.test", " ADA.MÜLLER@HOME.TEST "):
        async with await opened(name) as found:
            assert found.user == ada


async def test_a_user_is_registered_once_whatever_the_capitals(
    workspace: Workspace, database_url: str
) -> None:
    await add_user(database_url, "ada@home.test")
    for address in ("ada@home.test", "ADA@home.test"):
        with pytest.raises(Conflict):
            await add_user(database_url, address)
    with pytest.raises(InvalidInput):
        await add_user(database_url, "not an address")


async def test_a_workspace_that_fails_to_open_was_not_made(database_url: str) -> None:
    with pytest.raises(InvalidInput):
        await Workspace.open(database_url, user="not an address", key_store=MemoryKeyStore())
    async with await Workspace.open(database_url, key_store=MemoryKeyStore()) as workspace:
        assert workspace.is_new


async def test_closing_lets_go_of_the_database_even_if_a_server_does_not(tmp_path: Path) -> None:
    class Stubborn(FakeTransport):
        async def close(self) -> None:
            raise OSError("the server is gone")

    workspace = await Workspace.open(
        str(tmp_path / "w.sqlite3"), key_store=MemoryKeyStore(), transport=Stubborn()
    )
    with pytest.raises(OSError, match="gone"):
        await workspace.close()
    with pytest.raises(WorkspaceError, match="closed"):
        await workspace.agents.list()
