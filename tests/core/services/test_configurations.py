"""Configurations: what is stored where, and what becomes of a password that is given, kept, replaced, destroyed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Conflict, InvalidInput, NotFound, SecretUnreadable, WrongState
from core.models import UserOAuthConnection, VaultSecret
from core.services.configurations import PASSWORD_PURPOSE
from core.testing import FakeTransport, FixedClock
from core.values import configuration as values
from core.values.configuration import AuthMechanism, CheckStatus, OnUncertain, Security, StepStatus
from core.values.operation import LogStatus, OperationType, Outcome
from core.vault.keys import FileKeyStore, MemoryKeyStore
from core.vault.secret import Secret
from core.workspace import Workspace
from tests.core.making import PASSWORD, Gate, beneath, configuration_fields, log_of, run_sql

NEW_PASSWORD = "quite-another-battery-2026"


async def password_of(workspace: Workspace, configuration_id: UUID) -> str | None:
    """The password as a delivery would open it; None where the configuration keeps none."""
    rows = await run_sql(workspace, "SELECT vault_password_id, id FROM smtp_configurations")
    secret_id = {UUID(str(row[1])): row[0] for row in rows}[configuration_id]
    if not secret_id:
        return None
    vault = workspace._context.vault
    secret = await beneath(
        workspace,
        lambda session: vault.get(
            session, owner_id=workspace.user.id, secret_id=UUID(secret_id), purpose=PASSWORD_PURPOSE
        ),
    )
    return secret.reveal()


async def test_every_field_comes_back_as_it_was_given(workspace: Workspace) -> None:
    fields = configuration_fields(
        connection_name="Büro ✉",
        host="127.0.0.1",
        port=2525,
        security=Security.PLAINTEXT,
        auth_mechanism=AuthMechanism.LOGIN,
        from_name="Ada Müller",
        reply_to_email="answers@home.test",
        connection_timeout=1,
        greeting_timeout=2,
        socket_timeout=3,
        max_emails_per_day=4,
        max_recipients_per_email=5,
        max_message_bytes=6,
        on_uncertain=OnUncertain.RETRY,
        is_active=False,
    )
    made = await workspace.configurations.create(fields, Secret(PASSWORD))
    assert made.fields == fields
    assert made.has_password
    assert made.test_status is CheckStatus.PENDING
    assert (made.sent_today, made.recipients_today) == (0, 0)
    assert await workspace.configurations.get(made.id) == made


async def test_the_documents_secure_column_means_tls_from_the_first_byte(workspace: Workspace) -> None:
    for security in Security:
        fields = configuration_fields(connection_name=security.value, security=security)
        await workspace.configurations.create(fields, Secret(PASSWORD))
    rows = await run_sql(workspace, "SELECT connection_name FROM smtp_configurations WHERE secure")
    assert [row[0] for row in rows] == [Security.IMPLICIT_TLS.value]


async def test_a_configuration_is_an_entry_of_the_catalogue_of_connections(workspace: Workspace) -> None:
    made = await workspace.configurations.create(configuration_fields(), Secret(PASSWORD))

    def entries(session: Session) -> list[UserOAuthConnection]:
        return list(session.scalars(select(UserOAuthConnection)))

    (entry,) = await beneath(workspace, entries)
    provider = await run_sql(workspace, "SELECT id FROM oauth_providers WHERE name = 'smtp'")
    assert entry.oauth_provider_id == UUID(str(provider[0][0]))
    assert entry.credential_type == "api_key"
    assert entry.vault_access_token_id == str(made.id)
    assert (entry.connection_name, entry.external_user_id) == ("Main", "owner")
    assert entry.connection_status == "active"
    assert (entry.encrypted_access_token, entry.encrypted_refresh_token) == (None, None)

    await workspace.configurations.edit(made.id, configuration_fields(connection_name="Other", username="o2"))
    (entry,) = await beneath(workspace, entries)
    assert (entry.connection_name, entry.external_user_id) == ("Other", "o2")

    await workspace.configurations.archive(made.id)
    (entry,) = await beneath(workspace, entries)
    assert entry.connection_status == "revoked"


def contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.glob("w.sqlite3*"))]


async def test_a_password_lies_nowhere_in_clear(tmp_path: Path) -> None:
    clock, transport = FixedClock(), FakeTransport()
    workspace = await Workspace.open(
        str(tmp_path / "w.sqlite3"),
        key_store=FileKeyStore(tmp_path / "keys" / "master.key"),
        transport=transport,
        clock=clock,
    )
    made = await workspace.configurations.create(configuration_fields(), Secret(PASSWORD))
    await workspace.configurations.test(made.id)
    await workspace.configurations.edit(made.id, configuration_fields(port=25), Secret(NEW_PASSWORD))
    shown = (
        repr(await workspace.configurations.list()) + repr(await log_of(workspace)) + repr(workspace._context)
    )
    files = contents(tmp_path)
    assert len(files) == 3  # the database, its write-ahead log and the index of that
    for password in (PASSWORD, NEW_PASSWORD):
        assert password not in shown
        for form in (password.encode(), password.encode("utf-16-le"), password.encode().hex().encode()):
            assert not any(form in content for content in files)
    await workspace.close()


async def test_an_edit_without_a_password_keeps_the_one_that_is_there(workspace: Workspace) -> None:
    made = await workspace.configurations.create(configuration_fields(), Secret(PASSWORD))
    edited = await workspace.configurations.edit(made.id, configuration_fields(host="mail.home.test"))
    assert edited.fields.host == "mail.home.test"
    assert await password_of(workspace, made.id) == PASSWORD


async def test_an_edit_with_a_password_replaces_it(workspace: Workspace) -> None:
    made = await workspace.configurations.create(configuration_fields(), Secret(PASSWORD))
    for password in (NEW_PASSWORD, "a third one of them"):
        await workspace.configurations.edit(made.id, configuration_fields(), Secret(password))
        assert await password_of(workspace, made.id) == password
    assert [tuple(row) for row in await run_sql(workspace, "SELECT version FROM vault_secrets")] == [(3,)]


async def test_giving_up_authentication_destroys_the_password(workspace: Workspace) -> None:
    made = await workspace.configurations.create(configuration_fields(), Secret(PASSWORD))
    plain = configuration_fields(auth_mechanism=AuthMechanism.NONE, username="")
    assert not (await workspace.configurations.edit(made.id, plain)).has_password
    assert await password_of(workspace, made.id) is None
    stored = await beneath(workspace, lambda session: session.scalars(select(VaultSecret)).one())
    assert (stored.ciphertext, stored.wrapped_key) == (b"", b"")
    assert stored.destroyed_at is not None
    with pytest.raises(InvalidInput, match="password"):
        await workspace.configurations.edit(made.id, configuration_fields())
    await workspace.configurations.edit(made.id, configuration_fields(), Secret(NEW_PASSWORD))
    assert await password_of(workspace, made.id) == NEW_PASSWORD


async def test_without_authentication_no_secret_and_no_key_is_made(workspace: Workspace) -> None:
    fields = configuration_fields(auth_mechanism=AuthMechanism.NONE, username="")
    await workspace.configurations.create(fields, Secret("given all the same"))
    for table in ("vault_secrets", "vault_keys"):
        assert [tuple(row) for row in await run_sql(workspace, f"SELECT count(*) FROM {table}")] == [(0,)]


async def test_an_archived_configuration_loses_its_password_and_keeps_its_log(gate: Gate) -> None:
    await gate.send()
    archived = await gate.workspace.configurations.archive(gate.configuration.id)
    assert archived.archived_at == gate.clock.now()
    assert not archived.has_password
    stored = await beneath(gate.workspace, lambda session: session.scalars(select(VaultSecret)).one())
    assert (stored.ciphertext, stored.wrapped_key) == (b"", b"")
    with pytest.raises(SecretUnreadable):
        vault = gate.workspace._context.vault
        await beneath(
            gate.workspace,
            lambda session: vault.get(
                session, owner_id=gate.workspace.user.id, secret_id=stored.id, purpose=PASSWORD_PURPOSE
            ),
        )
    assert await gate.workspace.configurations.list() == []
    assert await gate.workspace.configurations.list(include_archived=True) == [archived]
    assert [row.connection_name for row in await gate.log()] == ["Main"]
    assert (await gate.send()).error_code == "configuration_active"


async def test_an_archived_configuration_stays_as_it_is(gate: Gate) -> None:
    await gate.workspace.configurations.archive(gate.configuration.id)
    for action in (
        gate.workspace.configurations.edit(gate.configuration.id, configuration_fields()),
        gate.workspace.configurations.edit(gate.configuration.id, configuration_fields(), Secret(PASSWORD)),
        gate.workspace.configurations.archive(gate.configuration.id),
        gate.workspace.configurations.test(gate.configuration.id),
    ):
        with pytest.raises(WrongState, match="archived"):
            await action


async def test_an_edit_and_an_archiving_at_once_never_bring_a_secret_back(gate: Gate) -> None:
    configurations, id_ = gate.workspace.configurations, gate.configuration.id
    for _ in range(5):
        await asyncio.gather(
            configurations.archive(id_),
            configurations.edit(id_, configuration_fields(), Secret(NEW_PASSWORD)),
            return_exceptions=True,
        )
    row = await configurations.get(id_)
    assert row.archived_at is not None
    assert not row.has_password
    stored = await beneath(gate.workspace, lambda session: session.scalars(select(VaultSecret)).one())
    assert stored.ciphertext == b""


async def test_a_name_is_taken_once_by_an_archived_one_too(gate: Gate) -> None:
    configurations = gate.workspace.configurations
    with pytest.raises(Conflict, match="'Main' is taken"):
        await configurations.create(configuration_fields(), Secret(PASSWORD))
    await configurations.archive(gate.configuration.id)
    with pytest.raises(Conflict, match="archived"):
        await configurations.create(configuration_fields(), Secret(PASSWORD))
    other = await configurations.create(configuration_fields(connection_name="Other"), Secret(PASSWORD))
    with pytest.raises(Conflict):
        await configurations.edit(other.id, configuration_fields())
    secrets = await run_sql(gate.workspace, "SELECT count(*) FROM vault_secrets")
    assert [tuple(row) for row in secrets] == [(2,)]  # those that were refused left none behind


async def test_a_configuration_is_found_by_name_id_or_the_beginning_of_its_id(gate: Gate) -> None:
    get, id_ = gate.workspace.configurations.get, gate.configuration.id
    for wanted in ("Main", "main", " MAIN ", id_, str(id_), str(id_).upper(), id_.hex, id_.hex[:8]):
        assert (await get(wanted)).id == id_
    for wanted in ("Mai", id_.hex[:3], "", "----", "%", "_" * 4, uuid4(), "no such"):
        with pytest.raises(NotFound):
            await get(wanted)
    decoy = await gate.workspace.configurations.create(
        configuration_fields(connection_name=str(id_)), Secret(PASSWORD)
    )
    assert (await get(id_)).id == id_  # a name that looks like another's id misleads nobody
    assert (await get(str(id_))).id == id_
    with pytest.raises(Conflict, match="fits several"):
        await get(decoy.id.hex[:4])


async def test_what_is_wrong_is_said_field_by_field_and_changes_nothing(workspace: Workspace) -> None:
    with pytest.raises(InvalidInput) as caught:
        await workspace.configurations.create(configuration_fields(port=0, host=""), None)
    assert {"port", "host", "password"} <= {problem.field for problem in caught.value.problems}
    assert await workspace.configurations.list(include_archived=True) == []


# Testing the way to the server

REPORT = values.TestReport(
    steps=(
        values.TestStep(name="connect", status=StepStatus.PASSED, detail="connected"),
        values.TestStep(name="authentication", status=StepStatus.FAILED, detail="535 no\x00 \ud800"),
    ),
    error_code="authentication",
    error_message="535 no\x00 \ud800",
    remedy="Check it.",
    took_ms=12,
)


async def test_a_test_is_logged_and_kept_as_the_last_one(
    workspace: Workspace, transport: FakeTransport, clock: FixedClock
) -> None:
    made = await workspace.configurations.create(configuration_fields(), Secret(PASSWORD))
    assert (await workspace.configurations.test(made.id)).ok
    row = await workspace.configurations.get(made.id)
    assert (row.test_status, row.last_tested_at) == (CheckStatus.SUCCESS, clock.now())
    assert row.updated_at == made.updated_at  # a test changes nothing, so connections stay good

    transport.probe_report = REPORT
    assert not (await workspace.configurations.test(made.id)).ok
    row = await workspace.configurations.get(made.id)
    assert (row.test_status, row.test_error_message) == (CheckStatus.FAILED, "535 no\ufffd ?")

    good, bad = await log_of(workspace)
    assert (good.outcome, good.status) == (Outcome.TESTED, LogStatus.SUCCESS)
    assert (bad.outcome, bad.status, bad.error_code) == (Outcome.FAILED, LogStatus.ERROR, "authentication")
    assert {row.operation_type for row in (good, bad)} == {OperationType.TEST_CONNECTION}
    assert bad.params == {"host": "localhost", "port": 587, "security": "starttls"}
    assert [step["status"] for step in bad.result["steps"]] == ["passed", "failed"]
    assert bad.execution_time_ms == 12
    assert bad.agent_id is None


async def test_a_test_that_hangs_is_logged_as_a_timeout(
    workspace: Workspace, transport: FakeTransport
) -> None:
    made = await workspace.configurations.create(configuration_fields(), Secret(PASSWORD))
    transport.probe_report = values.TestReport(steps=(), error_code="timeout", error_message="no answer")
    await workspace.configurations.test(made.id)
    assert [row.status for row in await log_of(workspace)] == [LogStatus.TIMEOUT]


async def test_trying_out_what_is_not_saved_leaves_no_trace(workspace: Workspace) -> None:
    assert (await workspace.configurations.try_out(configuration_fields(), Secret(PASSWORD))).ok
    with pytest.raises(InvalidInput):
        await workspace.configurations.try_out(configuration_fields(port=-1), Secret(PASSWORD))
    assert await log_of(workspace) == []
    assert await workspace.configurations.list() == []


async def test_a_password_that_another_process_put_in_first_opens_here_too(
    database_url: str, transport: FakeTransport, clock: FixedClock
) -> None:
    keys = MemoryKeyStore()
    here = await Workspace.open(database_url, key_store=keys, transport=transport, clock=clock)
    there = await Workspace.open(database_url, key_store=keys, transport=transport, clock=clock)
    made = await there.configurations.create(configuration_fields(), Secret(PASSWORD))
    assert await password_of(here, made.id) == PASSWORD
    await there.close()
    await here.close()
