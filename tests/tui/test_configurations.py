"""Configurations by keys alone: add, test, edit with its guard, archive."""

from __future__ import annotations

from core.values.configuration import AuthMechanism, ConfigurationFields, Security
from core.values.grant import GrantFields
from core.vault.secret import Secret
from core.workspace import Workspace
from dev_server.server import CaptureServer
from tests.tui.conftest import Dashboard
from tui.screens.configurations.screen import ConfigurationsScreen


def local(port: int = 2525, name: str = "Local") -> ConfigurationFields:
    return ConfigurationFields(
        connection_name=name,
        host="127.0.0.1",
        port=port,
        security=Security.PLAINTEXT,
        auth_mechanism=AuthMechanism.NONE,
        from_email="ada@example.com",
    )


async def test_a_first_run_leads_to_the_first_configuration_and_its_test(
    dashboard: Dashboard, capture: CaptureServer
) -> None:
    async with dashboard() as hands:
        assert "Welcome to Gatepost" in hands.seen()
        assert "gatepost capture serve" in hands.seen()
        await hands.press("enter")
        assert "New configuration" in hands.seen()

        await hands.press("enter", "down", "enter")  # the provider: the local capture server
        assert "Takes every mail and sends none" in hands.seen()
        await hands.fill(port=str(capture.port), from_email="ada@example.com")
        await hands.press("ctrl+t")
        assert "It works." in hands.seen()
        assert "127.0.0.1" in hands.seen()
        assert "nothing was sent" in hands.seen()
        await hands.press("escape", "ctrl+s")

        assert isinstance(hands.app.screen, ConfigurationsScreen)
        rows = await hands.app.workspace.configurations.list()
        assert [(row.name, row.fields.port) for row in rows] == [("Local capture server", capture.port)]
        assert "not tested" in hands.seen()
        await hands.press("t")
        assert "It works." in hands.seen()
        await hands.press("escape")
        assert "● tested just now" in hands.seen()


async def test_the_failing_step_is_named_with_its_remedy_and_the_top_line_says_so(
    dashboard: Dashboard, owned: Workspace, capture: CaptureServer
) -> None:
    await owned.configurations.create(local(capture.port), None)
    await capture.stop()
    async with dashboard() as hands:
        await hands.press("t")
        seen = hands.seen()
        assert "✕" in seen
        assert "Check host and port" in seen
        await hands.press("escape")
        assert "! failed just now" in hands.seen()
        assert "! 1 configuration failing" in hands.seen()


async def test_problems_stand_at_their_field_while_typing(dashboard: Dashboard, owned: Workspace) -> None:
    async with dashboard(size=(100, 50)) as hands:
        await hands.press("n")
        await hands.fill(port="99999")
        assert "The port is not 1 to 65535" in hands.seen()
        await hands.rewrite("587")
        assert "The port is not 1 to 65535" not in hands.seen()
        await hands.rewrite("five")
        assert "A whole number belongs here." in hands.seen()
        assert "The host is empty" not in hands.seen()  # not reached yet
        await hands.press("ctrl+s")
        assert "The host is empty" in hands.seen()
        assert hands.app.focused is not None
        assert hands.app.focused.id == "host"
        assert await owned.configurations.list() == []


async def test_an_edit_keeps_the_password_that_is_never_shown(
    dashboard: Dashboard, owned: Workspace, capture: CaptureServer
) -> None:
    fields = ConfigurationFields(
        connection_name="Work", host="localhost", username="ada", from_email="ada@example.com"
    )
    await owned.configurations.create(fields, Secret("correct horse"))
    async with dashboard(size=(100, 50)) as hands:
        await hands.press("e")
        assert "correct horse" not in hands.seen()
        assert "unchanged: leave empty to keep it" in hands.seen()
        await hands.fill(max_emails_per_day="7")
        await hands.press("ctrl+s")
        [row] = await owned.configurations.list()
        assert row.fields.max_emails_per_day == 7
        assert row.has_password


async def test_the_password_kept_for_one_server_is_not_tried_on_another(
    dashboard: Dashboard, owned: Workspace
) -> None:
    fields = ConfigurationFields(
        connection_name="Work", host="smtp.example.com", username="ada", from_email="ada@example.com"
    )
    await owned.configurations.create(fields, Secret("correct horse"))
    async with dashboard(size=(100, 50)) as hands:
        await hands.press("e")
        await hands.fill(host="evil.example")
        await hands.press("ctrl+t")
        assert "Enter it to test a changed server" in hands.seen()


async def test_leaving_a_changed_form_asks_first(dashboard: Dashboard, owned: Workspace) -> None:
    await owned.configurations.create(local(), None)
    async with dashboard() as hands:
        await hands.press("e", "escape")
        assert isinstance(hands.app.screen, ConfigurationsScreen)  # nothing changed: nothing asked

        await hands.press("e")
        await hands.fill(connection_name="Renamed")
        await hands.press("escape")
        assert "Leave without saving?" in hands.seen()
        await hands.press("enter")  # the harmless answer has the focus
        assert "Edit configuration" in hands.seen()
        await hands.press("escape", "y")
        assert isinstance(hands.app.screen, ConfigurationsScreen)
        [row] = await owned.configurations.list()
        assert row.name == "Local"


async def test_archiving_spells_out_what_follows(dashboard: Dashboard, owned: Workspace) -> None:
    row = await owned.configurations.create(local(), None)
    agent = await owned.agents.create("support-bot")
    await owned.grants.give(agent.id, row.id, GrantFields())
    async with dashboard() as hands:
        await hands.press("x")
        assert "1 agent can no longer send through it: support-bot." in hands.read()
        assert "This can't be" in hands.read()
        await hands.press("n")
        assert (await owned.configurations.get(row.id)).archived_at is None
        await hands.press("x", "y")
        assert (await owned.configurations.get(row.id)).archived_at is not None
        assert "No configuration yet." in hands.seen()
        await hands.press("v")
        assert "archived" in hands.seen()


async def test_a_name_that_is_taken_is_said_at_the_field(dashboard: Dashboard, owned: Workspace) -> None:
    await owned.configurations.create(local(), None)
    async with dashboard(size=(100, 50)) as hands:
        await hands.press("n")
        await hands.fill(connection_name="LOCAL")
        assert "Another configuration has this name." in hands.seen()


async def test_a_refusal_of_the_service_stays_in_the_form(dashboard: Dashboard, owned: Workspace) -> None:
    async with dashboard(size=(100, 50)) as hands:
        await hands.press("n", "enter", "down", "enter")
        await hands.fill(connection_name="Twice", from_email="ada@example.com")
        await owned.configurations.create(local(name="Twice"), None)  # by someone else, meanwhile
        await hands.press("ctrl+s")
        assert "New configuration" in hands.seen()
        assert "Twice" in hands.seen()
        assert len(await owned.configurations.list()) == 1


async def test_what_was_just_added_is_selected(dashboard: Dashboard, owned: Workspace) -> None:
    for name in ("Alpha", "Beta"):
        await owned.configurations.create(local(name=name), None)
    async with dashboard() as hands:
        await hands.press("n", "enter", "down", "enter")
        await hands.fill(connection_name="Aleph", from_email="ada@example.com")
        await hands.press("ctrl+s", "e")
        assert "Aleph" in hands.seen()


async def test_a_click_selects_and_a_double_click_opens(dashboard: Dashboard, owned: Workspace) -> None:
    for name in ("Alpha", "Beta"):
        await owned.configurations.create(local(name=name), None)
    async with dashboard() as hands:
        await hands.pilot.click("#configurations", offset=(5, 3))
        assert hands.app.screen.query_one("#detail").border_title == "Beta"
        await hands.pilot.click("#configurations", offset=(5, 2), times=2)
        await hands.settle()
        assert "Edit configuration" in hands.seen()
        assert "Alpha" in hands.seen()


async def test_a_provider_never_overwrites_a_name_that_was_typed(
    dashboard: Dashboard, owned: Workspace
) -> None:
    async with dashboard(size=(100, 50)) as hands:
        await hands.press("n")
        await hands.fill(connection_name="Mine")
        await hands.go_to("preset")
        await hands.press("enter", "down", "down", "enter")
        assert "smtp.gmail.com" in hands.seen()
        assert "Needs an app password" in hands.seen()
        assert "Mine" in hands.seen()
