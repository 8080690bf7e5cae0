"""The schema document's helper functions answer as the document and the design say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from core.services.functions import get_smtp_tools, log_smtp_operation, validate_agent_smtp_permissions
from core.values.grant import GrantFields
from core.values.operation import LogStatus, Outcome
from tests.core.making import Gate, configuration_fields

TOOLS = ["smtp_send_email", "smtp_explain", "smtp_limits", "smtp_test_connection"]


async def pause(gate: Gate) -> None:
    await gate.workspace.agents.pause(gate.agent.id)


async def revoke(gate: Gate) -> None:
    await gate.workspace.grants.revoke(gate.grant.id)


async def switch_grant_off(gate: Gate) -> None:
    await gate.regrant(is_active=False)


async def forbid_sending(gate: Gate) -> None:
    await gate.regrant(can_send_email=False)


async def let_expire(gate: Gate) -> None:
    await gate.regrant(expires_at=gate.clock.now() + timedelta(hours=1))
    gate.clock.move(timedelta(hours=1))


async def switch_configuration_off(gate: Gate) -> None:
    await gate.workspace.configurations.edit(gate.configuration.id, configuration_fields(is_active=False))


async def archive(gate: Gate) -> None:
    await gate.workspace.configurations.archive(gate.configuration.id)


async def restore(gate: Gate) -> None:
    grants, configuration = gate.workspace.grants, gate.configuration
    await gate.workspace.agents.resume(gate.agent.id)
    await grants.revoke(gate.grant.id)
    await gate.workspace.configurations.edit(configuration.id, configuration.fields)
    gate.grant = await grants.give(gate.agent.id, configuration.id, GrantFields())


async def test_tools_and_permission_say_the_same_as_the_policy(gate: Gate) -> None:
    ways = (pause, revoke, switch_grant_off, forbid_sending, let_expire, switch_configuration_off, archive)
    for withdraw in (None, *ways):
        if withdraw is not None:
            await withdraw(gate)
        expected = withdraw is None
        assert await gate.workspace.may_send(gate.agent.id, gate.configuration.id) is expected, withdraw
        tools = await gate.workspace.smtp_tools(gate.agent.id)
        assert [tool["name"] for tool in tools] == (TOOLS if expected else []), withdraw
        assert ((await gate.send()).outcome is Outcome.SENT) is expected, withdraw
        if withdraw is not archive:
            await restore(gate)


async def test_a_tool_names_the_configurations_with_the_limits_that_hold(gate: Gate) -> None:
    end = gate.clock.now() + timedelta(days=1)
    await gate.regrant(daily_email_limit=7, can_send_attachments=True, expires_at=end)
    tool = (await gate.workspace.smtp_tools(gate.agent.id))[0]
    assert tool["configurations"] == [
        {
            "id": str(gate.configuration.id),
            "name": "Main",
            "from_email": "owner@home.test",
            "can_send_attachments": True,
            "can_use_custom_from": False,
            "daily_email_limit": 7,
            "recipients_per_email_limit": 50,
            "expires_at": end.isoformat(),
        }
    ]


async def test_whoever_is_not_there_has_no_tools(gate: Gate) -> None:
    def ask(session: Session) -> tuple[Any, ...]:
        user, agent, configuration = gate.workspace.user.id, gate.agent.id, gate.configuration.id
        return (
            get_smtp_tools(session, uuid4(), user),
            get_smtp_tools(session, agent, uuid4()),
            validate_agent_smtp_permissions(session, uuid4(), user, configuration),
            validate_agent_smtp_permissions(session, agent, uuid4(), configuration),
            validate_agent_smtp_permissions(session, agent, user, uuid4()),
            validate_agent_smtp_permissions(session, agent, user, configuration),
        )

    assert await gate.workspace._database.as_operator().read(ask) == ([], [], False, False, False, True)


async def test_a_logged_operation_has_the_documents_columns_and_defaults(gate: Gate) -> None:
    def write(session: Session) -> list[UUID]:
        user, agent, configuration = gate.workspace.user.id, gate.agent.id, gate.configuration.id
        return [
            log_smtp_operation(session, agent, user, configuration, "send_email"),
            log_smtp_operation(
                session,
                agent,
                user,
                configuration,
                "test_connection",
                {"host": "x"},
                {"reply": "no"},
                LogStatus.TIMEOUT,
                "no answer",
                3,
                250,
            ),
        ]

    first, second = [
        await gate.workspace.log.get(id_) for id_ in await gate.workspace._context.database.write(write)
    ]
    assert (first.status, first.outcome, first.recipients_count) == (LogStatus.SUCCESS, Outcome.SENT, 0)
    assert (first.params, first.result, first.execution_time_ms, first.retry_count) == ({}, {}, 0, 0)
    assert (first.error_message, first.email_size_bytes, first.has_attachments) == (None, None, False)
    assert (second.status, second.outcome) == (LogStatus.TIMEOUT, Outcome.FAILED)
    assert (second.params, second.result) == ({"host": "x"}, {"reply": "no"})
    assert (second.error_message, second.recipients_count, second.execution_time_ms) == ("no answer", 3, 250)
    assert second.position > first.position


async def test_a_second_agent_without_a_grant_has_no_tools(gate: Gate) -> None:
    agent = await gate.workspace.agents.create("Second")
    assert await gate.workspace.smtp_tools(agent.id) == []
    await gate.workspace.grants.give(agent.id, gate.configuration.id, GrantFields())
    assert [tool["name"] for tool in await gate.workspace.smtp_tools(agent.id)] == TOOLS
