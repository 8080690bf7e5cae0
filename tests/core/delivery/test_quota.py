"""A limit is never overshot, with any number of senders and processes, and no mail below it is turned away."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from core.delivery.quota import CONFIGURATION_SCOPE, GRANT_SCOPE, reserve
from core.testing import FakeTransport, FixedClock, MemoryKeyStore
from core.values.configuration import AuthMechanism, ConfigurationFields
from core.values.grant import GrantFields
from core.values.operation import Outcome
from core.workspace import Workspace
from tests.core.making import Gate, beneath, configuration_fields, mail, run_sql
from tests.core.processes import run_together
from tests.support.postgres import Postgres

DAY = dt.date(2026, 3, 1)


async def test_not_even_the_first_of_the_day_passes_a_limit_of_nothing(workspace: Workspace) -> None:
    for limit, expected in ((-1, 0), (0, 0), (1, 1), (2, 2), (None, 3)):
        scope_id = uuid4()

        def take(session: Session, scope_id: UUID = scope_id, limit: int | None = limit) -> bool:
            return reserve(
                session,
                scope=GRANT_SCOPE,
                scope_id=scope_id,
                user_id=workspace.user.id,
                day=DAY,
                recipients=5,
                limit=limit,
            )

        taken = [await beneath(workspace, take) for _ in range(3)]
        assert taken == [True] * expected + [False] * (3 - expected)
        rows = await run_sql(workspace, "SELECT mails, recipients FROM quota_usage")
        assert [tuple(row) for row in rows] == ([(expected, 5 * expected)] if expected else [])
        await run_sql(workspace, "DELETE FROM quota_usage")


async def test_what_is_rolled_back_was_never_taken(workspace: Workspace) -> None:
    def take_and_fail(session: Session) -> None:
        reserve(
            session,
            scope=CONFIGURATION_SCOPE,
            scope_id=uuid4(),
            user_id=workspace.user.id,
            day=DAY,
            recipients=1,
            limit=10,
        )
        raise RuntimeError("and now for something else")

    with pytest.raises(RuntimeError):
        await beneath(workspace, take_and_fail)
    assert await run_sql(workspace, "SELECT * FROM quota_usage") == []


async def test_of_many_at_once_exactly_the_limit_passes(gate: Gate) -> None:
    await gate.regrant(daily_email_limit=7)
    results = await asyncio.gather(*(gate.send() for _ in range(25)))
    outcomes = [result.outcome for result in results]
    assert (outcomes.count(Outcome.SENT), outcomes.count(Outcome.DENIED)) == (7, 18)
    assert {result.error_code for result in results} == {None, "daily_limit_grant"}
    assert len(gate.transport.sent) == 7
    assert await gate.used() == (7, 7)  # what the grant refused was not taken from the configuration either
    assert len(await gate.log()) == 25
    configuration = await gate.workspace.configurations.get("Main")
    assert configuration.recipients_today == 7


async def test_agents_share_the_limit_of_their_configuration(gate: Gate) -> None:
    await gate.workspace.configurations.edit(
        gate.configuration.id, configuration_fields(max_emails_per_day=5)
    )
    other = await gate.workspace.agents.create("Second")
    await gate.workspace.grants.give(other.id, gate.configuration.id, GrantFields())
    results = [await gate.send() for _ in range(3)]
    results += [
        await gate.workspace.mail.send(other.id, gate.configuration.id, request) for request in [mail()] * 3
    ]
    assert [result.outcome for result in results] == [Outcome.SENT] * 5 + [Outcome.DENIED]
    assert results[-1].error_code == "daily_limit_configuration"


LIMIT, GRANT_LIMIT, PROCESSES, MAILS = 100, 40, 8, 20


async def test_eight_processes_hammering_one_database_pass_exactly_the_limit(
    tmp_path: Path, postgres: Postgres
) -> None:
    orders = []
    for url in (str(tmp_path / "w.sqlite3"), postgres.create_database()):
        async with await open_for_hammering(url) as workspace:
            made = await workspace.configurations.create(_fields("Limited", LIMIT), None)
            wide = await workspace.configurations.create(_fields("Wide", 10_000), None)
            agent = await workspace.agents.create("Postbot")
            await workspace.grants.give(agent.id, made.id, GrantFields())
            await workspace.grants.give(agent.id, wide.id, GrantFields(daily_email_limit=GRANT_LIMIT))
            orders += [
                (url, str(agent.id), str(made.id), MAILS),
                (url, str(agent.id), str(wide.id), MAILS // 2),
            ]
    said = await run_together("tests.core.delivery.hammer", json.dumps(orders), count=PROCESSES)
    counts = [json.loads(each) for each in said]
    for place, (url, _, configuration, mails) in enumerate(orders):
        limit = LIMIT if mails == MAILS else GRANT_LIMIT
        assert sum(each[place].get("sent", 0) for each in counts) == limit
        assert sum(each[place].get("denied", 0) for each in counts) == PROCESSES * mails - limit
        async with await open_for_hammering(url) as workspace:
            row = await workspace.configurations.get(UUID(configuration))
            assert (row.sent_today, row.recipients_today) == (limit, 2 * limit)
            logged = await run_sql(
                workspace,
                "SELECT outcome, count(*) FROM smtp_operation_logs JOIN smtp_configurations c "
                "ON c.id = smtp_config_id WHERE connection_name = :name GROUP BY outcome ORDER BY outcome",
                {"name": row.name},
            )
            assert [tuple(each) for each in logged] == [
                ("denied", PROCESSES * mails - limit),
                ("sent", limit),
            ]


async def open_for_hammering(url: str) -> Workspace:
    return await Workspace.open(
        url, key_store=MemoryKeyStore(), transport=FakeTransport(), clock=FixedClock()
    )


def _fields(name: str, limit: int) -> ConfigurationFields:
    return configuration_fields(
        connection_name=name, max_emails_per_day=limit, auth_mechanism=AuthMechanism.NONE, username=""
    )
