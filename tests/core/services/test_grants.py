"""Grants: given, edited, revoked and given anew, never wider than the configuration."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from core.errors import Conflict, InvalidInput, NotFound, WrongState
from core.values.grant import Approval, GrantFields
from core.values.operation import Outcome
from core.vault.secret import Secret
from core.workspace import Workspace
from tests.core.making import PASSWORD, Gate, configuration_fields, run_sql


async def test_every_field_comes_back_as_it_was_given(gate: Gate) -> None:
    fields = GrantFields(
        can_send_email=False,
        can_send_attachments=True,
        can_use_custom_from=True,
        daily_email_limit=7,
        recipients_per_email_limit=3,
        allowed_recipients=("@ok.test", "ada@home.test"),
        blocked_recipients=("ceo@ok.test",),
        approval=Approval.NEW_RECIPIENTS,
        expires_at=gate.clock.now() + timedelta(days=1, microseconds=1),
        is_active=False,
    )
    edited = await gate.workspace.grants.edit(gate.grant.id, fields)
    assert edited.fields == fields
    assert (edited.agent_name, edited.connection_name) == ("Postbot", "Main")
    assert edited.granted_by == gate.workspace.user.id
    assert await gate.workspace.grants.get(gate.grant.id) == edited


async def test_not_restricted_and_nobody_stay_two_things(gate: Gate) -> None:
    for given in (None, (), ("@ok.test",), (), None):
        edited = await gate.workspace.grants.edit(
            gate.grant.id, GrantFields(allowed_recipients=given, blocked_recipients=given)
        )
        assert (edited.fields.allowed_recipients, edited.fields.blocked_recipients) == (given, given)
        rows = await run_sql(gate.workspace, "SELECT allowed_recipients IS NULL FROM agent_smtp_permissions")
        assert [bool(row[0]) for row in rows] == [given is None]
        expected = Outcome.SENT if given is None else Outcome.DENIED
        assert (await gate.send("x@elsewhere.test")).outcome is expected


async def test_a_pair_has_one_grant_until_it_is_revoked(gate: Gate) -> None:
    give = gate.workspace.grants.give
    with pytest.raises(Conflict, match="has a grant") as caught:
        await give(gate.agent.id, gate.configuration.id, GrantFields())
    assert "revoke" in caught.value.remedy


async def test_of_several_who_give_the_same_grant_at_once_one_does(gate: Gate) -> None:
    agent = await gate.workspace.agents.create("Second")
    results = await asyncio.gather(
        *(gate.workspace.grants.give(agent.id, gate.configuration.id, GrantFields()) for _ in range(4)),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == [*["Conflict"] * 3, "GrantRow"]
    assert len(await gate.workspace.grants.list(agent_id=agent.id)) == 1


async def test_a_revoked_grant_is_given_anew_with_what_was_used_today(gate: Gate) -> None:
    await gate.send()
    revoked = await gate.workspace.grants.revoke(gate.grant.id)
    assert revoked.revoked_at == gate.clock.now()
    assert not revoked.fields.is_active
    assert (await gate.send()).error_code == "grant_active"
    gate.clock.move(timedelta(minutes=5))
    assert await gate.workspace.grants.revoke(gate.grant.id) == revoked  # twice changes nothing
    with pytest.raises(WrongState, match="revoked"):
        await gate.workspace.grants.edit(gate.grant.id, GrantFields())

    again = await gate.workspace.grants.give(
        gate.agent.id, gate.configuration.id, GrantFields(daily_email_limit=1)
    )
    assert again.id == gate.grant.id
    assert (again.revoked_at, again.granted_at) == (None, gate.clock.now())
    assert again.sent_today == 1  # revoking and giving again resets no limit
    assert (await gate.send()).error_code == "daily_limit_grant"


WIDER: list[tuple[dict[str, Any], str]] = [
    ({"daily_email_limit": 101}, "daily_email_limit"),
    ({"recipients_per_email_limit": 51}, "recipients_per_email_limit"),
    ({"daily_email_limit": 0}, "daily_email_limit"),
    ({"allowed_recipients": ("not a pattern",)}, "allowed_recipients[0]"),
    ({"blocked_recipients": ("(a+)+$",)}, "blocked_recipients[0]"),
]


async def test_a_grant_never_widens_what_the_configuration_allows(gate: Gate) -> None:
    agent = await gate.workspace.agents.create("Second")
    for changes, field in WIDER:
        for action in (
            gate.workspace.grants.edit(gate.grant.id, GrantFields(**changes)),
            gate.workspace.grants.give(agent.id, gate.configuration.id, GrantFields(**changes)),
        ):
            with pytest.raises(InvalidInput) as caught:
                await action
            assert field in {problem.field for problem in caught.value.problems}
    assert (await gate.workspace.grants.get(gate.grant.id)).fields == GrantFields()
    assert await gate.workspace.grants.list(agent_id=agent.id) == []


async def test_a_limit_that_the_configuration_has_lowered_since_holds_at_once(gate: Gate) -> None:
    await gate.regrant(daily_email_limit=100)
    await gate.workspace.configurations.edit(
        gate.configuration.id, configuration_fields(max_emails_per_day=1)
    )
    assert (await gate.send()).outcome is Outcome.SENT
    assert (await gate.send()).error_code == "daily_limit_configuration"


async def test_a_grant_ends_at_the_moment_that_it_says(gate: Gate) -> None:
    await gate.regrant(expires_at=gate.clock.now() + timedelta(hours=1))
    gate.clock.move(timedelta(hours=1) - timedelta(microseconds=1))
    assert (await gate.send()).outcome is Outcome.SENT
    gate.clock.move(timedelta(microseconds=1))
    assert (await gate.send()).error_code == "grant_not_expired"
    row = await gate.workspace.grants.get(gate.grant.id)
    assert row.state(gate.clock.now()) == "expired"


async def test_an_archived_configuration_is_not_granted(gate: Gate) -> None:
    agent = await gate.workspace.agents.create("Second")
    await gate.workspace.configurations.archive(gate.configuration.id)
    with pytest.raises(WrongState):
        await gate.workspace.grants.give(agent.id, gate.configuration.id, GrantFields())
    with pytest.raises(NotFound):
        await gate.workspace.grants.give(uuid4(), gate.configuration.id, GrantFields())
    with pytest.raises(NotFound):
        await gate.workspace.grants.give(agent.id, uuid4(), GrantFields())


async def test_grants_are_listed_by_agent_configuration_and_state(gate: Gate, workspace: Workspace) -> None:
    other = await workspace.configurations.create(
        configuration_fields(connection_name="Other"), Secret(PASSWORD)
    )
    agent = await workspace.agents.create("Assistant")
    await workspace.grants.give(agent.id, gate.configuration.id, GrantFields())
    last = await workspace.grants.give(agent.id, other.id, GrantFields())
    await workspace.grants.revoke(last.id)

    async def names(**wanted: object) -> list[tuple[str, str]]:
        rows = await workspace.grants.list(**wanted)  # type: ignore[arg-type]
        return [(row.agent_name, row.connection_name) for row in rows]

    assert await names() == [("Assistant", "Main"), ("Assistant", "Other"), ("Postbot", "Main")]
    assert await names(agent_id=agent.id) == [("Assistant", "Main"), ("Assistant", "Other")]
    assert await names(smtp_config_id=other.id) == [("Assistant", "Other")]
    assert await names(agent_id=agent.id, include_revoked=False) == [("Assistant", "Main")]
