"""Agents by keys alone: add, grant, edit, revoke, pause, tokens."""

from __future__ import annotations

from datetime import UTC, datetime

from core.values.configuration import AuthMechanism, ConfigurationFields, ConfigurationRow, Security
from core.values.grant import Approval, GrantFields
from core.workspace import Workspace
from tests.tui.conftest import Dashboard
from tui.screens.agents.screen import AgentsScreen


async def configuration(workspace: Workspace, name: str = "Local") -> ConfigurationRow:
    fields = ConfigurationFields(
        connection_name=name,
        host="127.0.0.1",
        port=2525,
        security=Security.PLAINTEXT,
        auth_mechanism=AuthMechanism.NONE,
        from_email="ada@example.com",
    )
    return await workspace.configurations.create(fields, None)


async def test_an_agent_is_added_and_granted_by_keys(dashboard: Dashboard, owned: Workspace) -> None:
    await configuration(owned)
    async with dashboard(start_mode="agents") as hands:
        assert "No agent yet." in hands.seen()
        await hands.press("n")
        await hands.fill(name="support-bot", description="Answers customers")
        await hands.press("ctrl+s")
        assert "Nothing is granted: this agent can't send." in hands.seen()
        assert "leaving: nothing" in hands.seen()

        await hands.press("g")
        assert "Empty: the configuration's 100, shared by all." in hands.seen()
        await hands.fill(daily_email_limit="500")
        assert "the limit is above the configuration's 100" in hands.read().replace("The limit", "the limit")
        await hands.rewrite("20")
        await hands.go_to("allowed_kind")
        await hands.press("enter", "down", "enter")
        await hands.go_to("allowed_recipients")
        await hands.write("@example.com")
        await hands.press("enter")
        await hands.write(".partner.example")
        await hands.go_to("approval")
        await hands.press("enter", "down", "enter")
        await hands.fill(expires_at="2999-03-01")
        await hands.press("ctrl+s")

        assert isinstance(hands.app.screen, AgentsScreen)
        [grant] = await owned.grants.list()
        assert grant.fields == GrantFields(
            daily_email_limit=20,
            allowed_recipients=("@example.com", ".partner.example"),
            approval=Approval.NEW_RECIPIENTS,
            expires_at=datetime(2999, 3, 1, tzinfo=UTC),
        )
        seen = hands.seen()
        assert "only @example.com" in seen
        assert "◌ asks" in seen
        assert "leaving: on" in seen


async def test_a_grant_is_edited_and_revoked_by_keys(dashboard: Dashboard, owned: Workspace) -> None:
    row = await configuration(owned)
    agent = await owned.agents.create("support-bot")
    grant = await owned.grants.give(agent.id, row.id, GrantFields(allowed_recipients=("@example.com",)))
    async with dashboard(start_mode="agents", size=(120, 40)) as hands:
        await hands.press("e")
        await hands.go_to("can_send_attachments")
        await hands.press("space")
        await hands.go_to("allowed_kind")
        await hands.press("enter", "down", "enter")  # from "only these" to "nobody"
        await hands.press("ctrl+s")
        fields = (await owned.grants.get(grant.id)).fields
        assert fields.can_send_attachments
        assert fields.allowed_recipients == ()
        assert "nobody" in hands.seen()

        await hands.press("x")
        assert "support-bot can't send through “Local” from then on" in hands.read()
        await hands.press("escape")
        assert (await owned.grants.get(grant.id)).revoked_at is None
        await hands.press("x", "y")
        assert (await owned.grants.get(grant.id)).revoked_at is not None
        assert "Nothing is granted" in hands.seen()
        await hands.press("v")
        assert "revoked just now" in hands.seen()


async def test_anybody_nobody_and_only_these_are_kept_apart(dashboard: Dashboard, owned: Workspace) -> None:
    row = await configuration(owned)
    agent = await owned.agents.create("support-bot")
    for stored in (None, (), ("@example.com",)):
        given = GrantFields(allowed_recipients=stored, blocked_recipients=stored)
        grant = await owned.grants.give(agent.id, row.id, given)
        async with dashboard(start_mode="agents") as hands:
            await hands.press("e")
            await hands.go_to("can_use_custom_from")
            await hands.press("space", "ctrl+s")
        fields = (await owned.grants.get(grant.id)).fields
        assert fields.can_use_custom_from
        assert fields.allowed_recipients == stored
        assert fields.blocked_recipients == stored
        await owned.grants.revoke(grant.id)


async def test_a_wrong_pattern_is_said_at_the_field(dashboard: Dashboard, owned: Workspace) -> None:
    await configuration(owned)
    await owned.agents.create("support-bot")
    async with dashboard(start_mode="agents", size=(120, 40)) as hands:
        await hands.press("g")
        await hands.go_to("blocked_kind")
        await hands.press("enter", "down", "enter")
        await hands.go_to("blocked_recipients")
        await hands.write("(a+)+$")
        await hands.press("ctrl+s")
        assert isinstance(hands.app.focused, object)
        assert hands.app.focused is not None
        assert hands.app.focused.id == "blocked_recipients"
        assert "✕" in hands.seen()
        assert await owned.grants.list() == []


async def test_pausing_an_agent_and_letting_it_go_on(dashboard: Dashboard, owned: Workspace) -> None:
    agent = await owned.agents.create("support-bot")
    async with dashboard(start_mode="agents") as hands:
        await hands.press("p")
        assert "‖ paused" in hands.seen()
        assert not (await owned.agents.get(agent.id)).is_active
        await hands.press("p")
        assert "● active" in hands.seen()
        assert (await owned.agents.get(agent.id)).is_active


async def test_a_token_is_shown_once_copied_and_revoked(dashboard: Dashboard, owned: Workspace) -> None:
    agent = await owned.agents.create("support-bot")
    async with dashboard(start_mode="agents") as hands:
        await hands.press("k")
        assert "No token yet" in hands.seen()
        await hands.press("n")
        await hands.fill(name="laptop", expires_at="90d")
        await hands.press("ctrl+s")
        assert "It is not shown again" in hands.read()
        await hands.press("y")
        token = hands.app.clipboard
        assert token
        assert token in hands.seen()
        await hands.press("escape")
        assert token not in hands.seen()
        assert "laptop" in hands.seen()
        await hands.press("escape", "k")
        assert token not in hands.seen()

        await hands.press("x")
        assert "turned away from then on" in hands.read()
        await hands.press("y")
        assert "revoked just now" in hands.seen()
        [row] = await owned.agents.tokens(agent.id)
        assert row.revoked_at is not None


async def test_without_a_configuration_the_next_step_is_said(dashboard: Dashboard, owned: Workspace) -> None:
    await owned.agents.create("support-bot")
    async with dashboard(start_mode="agents") as hands:
        await hands.press("g")
        assert "There is no configuration to grant yet." in hands.said()
