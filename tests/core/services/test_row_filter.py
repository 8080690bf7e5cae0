"""Two users share one workspace: what belongs to the other is as absent as what never was."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from core.errors import GatepostError, NotFound
from core.testing import FakeTransport, FixedClock
from core.values.agent import TokenRow
from core.values.grant import GrantFields
from core.values.mail import SendResult
from core.values.operation import LogFilter, OperationRow, Outcome
from core.vault.secret import Secret
from core.workspace import Workspace, add_user
from tests.core.making import Gate, configuration_fields, log_of, mail, open_gate


@dataclass
class Neighbours:
    """Ada's gate, and the workspace as Mallory sees it, with an agent and a configuration of her own."""

    ada: Gate
    token: TokenRow
    delivery_id: UUID
    operation: OperationRow
    mallory: Workspace
    own: Gate


@pytest.fixture
async def neighbours(
    database_url: str, workspace: Workspace, transport: FakeTransport, clock: FixedClock
) -> AsyncIterator[Neighbours]:
    ada = await open_gate(workspace, transport, clock)
    token = (await workspace.agents.create_token(ada.agent.id, "first")).row
    sent = await ada.send()
    assert sent.delivery_id is not None
    await add_user(database_url, "mallory@home.test")
    async with await Workspace.open(
        database_url,
        user="mallory@home.test",
        key_store=workspace._context.vault._key_store,
        transport=transport,
        clock=clock,
    ) as mallory:
        own = await open_gate(mallory, transport, clock)
        operation = await workspace.log.get(sent.operation_id)
        yield Neighbours(ada, token, sent.delivery_id, operation, mallory, own)


def actions(
    n: Neighbours, agent: UUID, configuration: UUID, grant: UUID, token: UUID, other: UUID
) -> dict[str, Callable[[], Awaitable[object]]]:
    """Everything that takes an id, asked by Mallory with these ids."""
    w, fields = n.mallory, configuration_fields(connection_name="Stolen")
    return {
        "get an agent": lambda: w.agents.get(agent),
        "get an agent by prefix": lambda: w.agents.get(str(agent)[:13]),
        "pause an agent": lambda: w.agents.pause(agent),
        "resume an agent": lambda: w.agents.resume(agent),
        "list an agent's tokens": lambda: w.agents.tokens(agent),
        "make a token": lambda: w.agents.create_token(agent, "mine"),
        "revoke a token": lambda: w.agents.revoke_token(token),
        "get a configuration": lambda: w.configurations.get(configuration),
        "get a configuration by prefix": lambda: w.configurations.get(configuration.hex[:12]),
        "edit a configuration": lambda: w.configurations.edit(configuration, fields),
        "replace a password": lambda: w.configurations.edit(configuration, fields, Secret("mine")),
        "archive a configuration": lambda: w.configurations.archive(configuration),
        "test a configuration": lambda: w.configurations.test(configuration),
        "get a grant": lambda: w.grants.get(grant),
        "edit a grant": lambda: w.grants.edit(grant, GrantFields()),
        "revoke a grant": lambda: w.grants.revoke(grant),
        "grant an own agent a foreign configuration": lambda: w.grants.give(
            n.own.agent.id, configuration, GrantFields()
        ),
        "grant a foreign agent an own configuration": lambda: w.grants.give(
            agent, n.own.configuration.id, GrantFields()
        ),
        "see a delivery": lambda: w.mail.delivery(other),
        "see an operation": lambda: w.log.get(other),
        "send as an agent": lambda: w.mail.send(agent, n.own.configuration.id, mail()),
        "send as an agent through its own": lambda: w.mail.send(agent, configuration, mail()),
        "explain for an agent": lambda: w.mail.explain(agent, n.own.configuration.id, mail()),
    }


async def outcome_of(action: Callable[[], Awaitable[object]], *ids: UUID) -> str:
    """What an action raises, in words, with the ids taken out."""
    try:
        result = await action()
    except GatepostError as error:
        said = f"{type(error).__name__}: {error} / {error.remedy}"
        for each in ids:
            for form in (str(each), str(each)[:13], each.hex[:12]):
                said = said.replace(form, "ID")
        return said
    return f"no error, but {result!r}"


async def test_what_is_the_others_cannot_be_told_from_what_never_was(neighbours: Neighbours) -> None:
    n = neighbours
    theirs = (n.ada.agent.id, n.ada.configuration.id, n.ada.grant.id, n.token.id)
    invented = (uuid4(), uuid4(), uuid4(), uuid4())
    for other in (n.delivery_id, n.operation.id):
        foreign = actions(n, *theirs, other)
        absent = actions(n, *invented, uuid4())
        for name, action in foreign.items():
            said = await outcome_of(action, *theirs)
            assert said.startswith("NotFound"), f"{name}: {said}"
            assert said == await outcome_of(absent[name], *invented), name


async def test_nothing_of_the_others_is_listed(neighbours: Neighbours) -> None:
    n = neighbours
    assert {row.id for row in await n.mallory.agents.list()} == {n.own.agent.id}
    assert {row.id for row in await n.mallory.configurations.list(include_archived=True)} == {
        n.own.configuration.id
    }
    assert {row.id for row in await n.mallory.grants.list()} == {n.own.grant.id}
    assert await n.mallory.grants.list(agent_id=n.ada.agent.id) == []
    assert await n.mallory.grants.list(smtp_config_id=n.ada.configuration.id) == []
    assert await n.mallory.smtp_tools(n.ada.agent.id) == []
    assert not await n.mallory.may_send(n.ada.agent.id, n.ada.configuration.id)
    assert not await n.mallory.may_send(n.own.agent.id, n.ada.configuration.id)


async def test_the_others_log_is_empty_for_everybody_else(neighbours: Neighbours) -> None:
    n = neighbours
    assert await log_of(n.mallory) == []
    start = n.operation.position.__class__()
    assert await n.mallory.log.since(LogFilter(), start) == []
    assert await n.mallory.log.page(LogFilter(agent_id=n.ada.agent.id)) == []
    assert await n.mallory.log.page(LogFilter(smtp_config_id=n.ada.configuration.id)) == []
    assert await n.mallory.log.page(LogFilter(text="ada")) == []


async def test_an_own_agent_is_denied_a_foreign_configuration_as_one_that_is_absent(
    neighbours: Neighbours,
) -> None:
    n = neighbours

    def comparable(result: SendResult) -> tuple[object, ...]:
        return (result.outcome, result.verdict, result.error_code, result.error_message, result.remedy)

    foreign = await n.mallory.mail.send(n.own.agent.id, n.ada.configuration.id, mail())
    absent = await n.mallory.mail.send(n.own.agent.id, uuid4(), mail())
    assert foreign.outcome is Outcome.DENIED
    assert comparable(foreign) == comparable(absent)
    assert await n.mallory.mail.explain(
        n.own.agent.id, n.ada.configuration.id, mail()
    ) == await n.mallory.mail.explain(n.own.agent.id, uuid4(), mail())
    assert [row.smtp_config_id for row in await log_of(n.mallory)] == [None, None]
    assert [row.connection_name for row in await log_of(n.mallory)] == [None, None]


async def test_names_of_two_users_do_not_meet(neighbours: Neighbours) -> None:
    n = neighbours  # both have made an agent Postbot and a configuration Main
    assert (await n.mallory.agents.get("Postbot")).id == n.own.agent.id
    assert (await n.mallory.configurations.get("main")).id == n.own.configuration.id


async def test_after_all_of_it_the_owner_finds_everything_as_it_was(neighbours: Neighbours) -> None:
    n = neighbours
    before = (
        await n.ada.workspace.agents.list(),
        await n.ada.workspace.configurations.list(),
        await n.ada.workspace.grants.list(),
        await n.ada.workspace.agents.tokens(n.ada.agent.id),
        await n.ada.log(),
    )
    theirs = (n.ada.agent.id, n.ada.configuration.id, n.ada.grant.id, n.token.id)
    for action in actions(n, *theirs, n.delivery_id).values():
        with pytest.raises(NotFound):
            await action()
    sent = len(n.ada.transport.sent)
    assert before == (
        await n.ada.workspace.agents.list(),
        await n.ada.workspace.configurations.list(),
        await n.ada.workspace.grants.list(),
        await n.ada.workspace.agents.tokens(n.ada.agent.id),
        await n.ada.log(),
    )
    assert sent == 1
    assert (await n.ada.send()).outcome is Outcome.SENT
