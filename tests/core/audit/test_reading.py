"""The log as it is read: newest first in pages, filtered, every row once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.orm import Session

from core.audit.record import log_smtp_operation
from core.errors import NotFound
from core.models import SmtpOperationLog
from core.values.grant import GrantFields
from core.values.operation import LogCursor, LogFilter, LogStatus, OperationType, Outcome
from core.vault.secret import Secret
from core.workspace import Workspace
from tests.core.making import PASSWORD, Gate, beneath, configuration_fields, log_of, mail


async def add(workspace: Workspace, count: int = 1, **values: Any) -> list[UUID]:
    def work(session: Session) -> list[UUID]:
        return [
            log_smtp_operation(
                session,
                values.get("agent_id"),
                workspace.user.id,
                values.get("smtp_config_id"),
                values.get("operation_type", OperationType.SEND_EMAIL),
                values.get("params"),
                error_message=values.get("error_message"),
                error_code=values.get("error_code"),
                outcome=values.get("outcome"),
            )
            for _ in range(count)
        ]

    return await workspace._context.database.write(work)


async def test_rows_come_in_the_order_in_which_they_were_written(workspace: Workspace) -> None:
    first, second = await add(workspace, 3), await add(workspace, 2)
    assert [row.id for row in await log_of(workspace)] == first + second
    assert [row.id for row in await workspace.log.since(LogFilter(), LogCursor())] == first + second
    positions = [row.position for row in await log_of(workspace)]
    assert positions == sorted(set(positions))


@given(counts=st.lists(st.integers(1, 7), max_size=6), limit=st.integers(1, 9))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_pages_and_batches_have_every_row_once(
    workspace: Workspace, counts: list[int], limit: int
) -> None:
    for count in counts:
        await add(workspace, count)
    everything = [row.id for row in reversed(await workspace.log.page(LogFilter(), limit=10_000))]
    back: list[UUID] = []
    before = None
    while rows := await workspace.log.page(LogFilter(), before=before, limit=limit):
        assert len(rows) <= limit
        back += [row.id for row in rows]
        before = rows[-1].position
    assert back == everything[::-1]
    forth: list[UUID] = []
    cursor = LogCursor()
    while rows := await workspace.log.since(LogFilter(), cursor, limit=limit):
        forth += [row.id for row in rows]
        cursor = rows[-1].position
    assert forth == everything


async def test_the_head_is_where_following_begins(workspace: Workspace) -> None:
    start = await workspace.log.head()
    assert await workspace.log.since(LogFilter(), start) == []
    first = await add(workspace, 2)
    assert [row.id for row in await workspace.log.since(LogFilter(), start)] == first
    head = await workspace.log.head()
    assert await workspace.log.since(LogFilter(), head) == []
    second = await add(workspace)
    assert [row.id for row in await workspace.log.since(LogFilter(), head)] == second


async def test_filters_by_agent_configuration_outcome_and_kind(gate: Gate) -> None:
    workspace = gate.workspace
    other = await workspace.configurations.create(
        configuration_fields(connection_name="Other"), Secret(PASSWORD)
    )
    agent = await workspace.agents.create("Second")
    await workspace.grants.give(agent.id, other.id, GrantFields())
    sent = (await gate.send()).operation_id
    denied = (await workspace.mail.send(agent.id, gate.configuration.id, mail())).operation_id
    also_sent = (await workspace.mail.send(agent.id, other.id, mail())).operation_id
    await workspace.configurations.test(other.id)
    tested = (await log_of(workspace))[-1].id

    async def found(**wanted: Any) -> list[UUID]:
        page = [row.id for row in await workspace.log.page(LogFilter(**wanted))]
        since = [row.id for row in await workspace.log.since(LogFilter(**wanted), LogCursor())]
        assert page == since[::-1]
        return since

    assert await found() == [sent, denied, also_sent, tested]
    assert await found(agent_id=agent.id) == [denied, also_sent]
    assert await found(smtp_config_id=other.id) == [also_sent, tested]
    assert await found(smtp_config_id=gate.configuration.id, agent_id=agent.id) == [denied]
    assert await found(outcomes=frozenset({Outcome.SENT})) == [sent, also_sent]
    assert await found(outcomes=frozenset({Outcome.DENIED, Outcome.TESTED})) == [denied, tested]
    assert await found(operation_type=OperationType.TEST_CONNECTION) == [tested]
    assert await found(agent_id=uuid4()) == []


# What is sought, and which of the subjects below it finds.
SUBJECTS = [
    "Über die Brücke",
    "100% sicher",
    "a_b and axb",
    'say "hi" \\o/',
    "日本語の件名",
    "ÇA VA",
    "plain",
]
SOUGHT: list[tuple[str, list[int]]] = [
    ("brücke", [0]),
    ("ÜBER", [0]),
    ("die über", [0]),  # every word, in any order
    ("über plain", []),
    ("100%", [1]),
    ("1%r", []),
    ("%", [1]),
    ("a_b", [2]),
    ("_", [2]),
    ('"hi"', [3]),
    ("\\o/", [3]),
    ("日本", [4]),
    ("ça", [5]),
    ("PLAIN", [6]),
    ("reader@away.test", [0, 1, 2, 3, 4, 5, 6]),
    ("subject", []),  # the name of a field, not what stands in it
    ("to", []),
    ("   ", [0, 1, 2, 3, 4, 5, 6]),
    ("\x00", []),
    ("\ud800", []),
    ("'; DROP TABLE users; --", []),
]


async def test_words_are_sought_in_recipients_and_subject_in_every_script(workspace: Workspace) -> None:
    for subject in SUBJECTS:
        await add(workspace, params={"to": ["reader@away.test"], "subject": subject})
    for text, expected in SOUGHT:
        rows = await workspace.log.since(LogFilter(text=text), LogCursor())
        assert [row.subject for row in rows] == [SUBJECTS[each] for each in expected], text


async def test_words_are_sought_in_errors_and_in_the_agents_name(gate: Gate) -> None:
    (wrong,) = await add(gate.workspace, error_message="550 Kein Empfänger", error_code="rejected")
    sent = (await gate.send()).operation_id
    for text, expected in (("EMPFÄNGER", wrong), ("reject", wrong), ("postbot", sent)):
        assert [row.id for row in await gate.workspace.log.page(LogFilter(text=text))] == [expected]


async def test_a_span_of_time_has_its_beginning_and_not_its_end(workspace: Workspace) -> None:
    start = datetime(2026, 3, 28, 23, 59, 59, 999_999, tzinfo=UTC)
    moments = [start, start + timedelta(microseconds=1), start + timedelta(days=1)]
    ids = await add(workspace, 3)
    for id_, moment in zip(ids, moments, strict=True):
        statement = update(SmtpOperationLog).where(SmtpOperationLog.id == id_).values(created_at=moment)
        await beneath(workspace, lambda session, statement=statement: session.execute(statement))

    async def found(**wanted: datetime) -> list[UUID]:
        return [row.id for row in await workspace.log.since(LogFilter(**wanted), LogCursor())]  # type: ignore[arg-type]

    assert await found(since=moments[1]) == ids[1:]
    assert await found(until=moments[1]) == ids[:1]
    assert await found(since=moments[0], until=moments[2]) == ids[:2]
    assert await found(since=moments[2], until=moments[0]) == []


async def test_one_row_is_found_by_its_id(workspace: Workspace) -> None:
    (id_,) = await add(workspace, error_message="wrong", outcome=Outcome.FAILED)
    row = await workspace.log.get(id_)
    assert (row.id, row.error_message, row.outcome, row.status) == (
        id_,
        "wrong",
        Outcome.FAILED,
        LogStatus.SUCCESS,
    )
    with pytest.raises(NotFound):
        await workspace.log.get(uuid4())
