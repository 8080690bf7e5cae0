"""The shell: opening and failing to, modes, help, palette, themes, hostile names, crashes."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from textual import work

from core.errors import DatabaseNewer
from core.testing import MemoryKeyStore
from core.values.configuration import ConfigurationFields
from core.values.grant import GrantFields
from core.vault.secret import Secret
from core.workspace import Workspace
from tests.tui.conftest import Dashboard
from tui.actions import ACTIONS
from tui.app import GatepostApp, crash_report
from tui.screens.agents.screen import AgentsScreen
from tui.screens.configurations.screen import ConfigurationsScreen
from tui.widgets.topline import ModeTab

HOSTILE = (
    "[/nope][@click=app.quit]quit[/][link=https://evil.example]x[/link]\u200bzero\u202egro\x1b]52;c;aGk=\x07"
)


async def test_a_workspace_that_does_not_open_says_why_and_can_be_tried_again(
    dashboard: Dashboard, owned: Workspace
) -> None:
    refusal = DatabaseNewer("A newer Gatepost wrote [b]this[/b] database.")
    async with dashboard(fails=[refusal]) as hands:
        assert "The workspace did not open" in hands.seen()
        assert "[b]this[/b] database" in hands.read()
        assert "Install the newest gatepost" in hands.read()
        assert not hands.app.is_open
        await hands.press("r")
        await hands.until(lambda: hands.app.is_open)
        await hands.settle()
        assert isinstance(hands.app.screen, ConfigurationsScreen)
        assert "ada@example.com · SQLite" in hands.seen()


async def test_quitting_from_a_workspace_that_does_not_open(dashboard: Dashboard) -> None:
    async with dashboard(fails=[DatabaseNewer("Newer.")]) as hands:
        await hands.pilot.press("q")
    assert hands.app.return_code == 0


async def test_digits_lead_from_mode_to_mode(dashboard: Dashboard, owned: Workspace) -> None:
    async with dashboard() as hands:
        await hands.press("2")
        assert isinstance(hands.app.screen, AgentsScreen)
        await hands.press("1")
        assert isinstance(hands.app.screen, ConfigurationsScreen)


async def test_a_click_on_a_mode_goes_there(dashboard: Dashboard, owned: Workspace) -> None:
    async with dashboard() as hands:
        await hands.pilot.click(hands.app.screen.query(ModeTab)[1])
        await hands.settle()
        assert isinstance(hands.app.screen, AgentsScreen)


async def test_a_click_on_a_key_of_the_bottom_line_presses_it(dashboard: Dashboard, owned: Workspace) -> None:
    async with dashboard() as hands:
        await hands.pilot.click("KeyLine", offset=(2, 0))
        await hands.settle()
        assert "New configuration" in hands.seen()


async def test_help_names_every_key_of_the_mode(dashboard: Dashboard, owned: Workspace) -> None:
    async with dashboard(size=(120, 50)) as hands:
        await hands.press("question_mark")
        for action in ACTIONS:
            if action.scope in ("app", "configurations"):
                assert action.help in hands.seen()
        await hands.press("escape")
        assert isinstance(hands.app.screen, ConfigurationsScreen)


async def test_the_palette_runs_an_action_of_the_mode(dashboard: Dashboard, owned: Workspace) -> None:
    async with dashboard() as hands:
        await hands.press("ctrl+p")
        await hands.write("agents")
        await hands.until(lambda: "Who may send through what" in hands.seen())
        await hands.press("down", "enter")
        await hands.until(lambda: isinstance(hands.app.screen, AgentsScreen))


async def test_both_themes_draw_every_own_screen(dashboard: Dashboard, owned: Workspace) -> None:
    async with dashboard() as hands:
        for _ in range(2):
            await hands.press("f2", "1", "n", "escape", "2", "n", "escape", "question_mark", "escape")
        assert hands.app.current_theme.dark


def test_every_action_has_an_id_of_its_own_and_a_sentence() -> None:
    ids = [action.id for action in ACTIONS]
    assert len(set(ids)) == len(ids)
    assert all(action.help and action.title for action in ACTIONS)


async def test_hostile_names_are_inert_on_every_screen(
    dashboard: Dashboard, owned: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What the checks refuse today may stand in a database that others wrote: the screens don't rely on them.
    monkeypatch.setattr("core.services.configurations.check_configuration", lambda fields: ())
    fields = ConfigurationFields(
        connection_name=HOSTILE,
        host="host.example",
        username=HOSTILE,
        from_email="ada@example.com",
        from_name=HOSTILE,
    )
    row = await owned.configurations.create(fields, Secret("x"))
    agent = await owned.agents.create("bot")
    await owned.grants.give(agent.id, row.id, GrantFields())
    async with dashboard(size=(120, 40)) as hands:
        for key in ("e", "escape", "x", "escape", "2", "e", "escape", "x", "escape", "k", "escape", "g"):
            await hands.press(key)
            strips = hands.app.screen._compositor.render_strips()
            drawn = "".join(segment.text for strip in strips for segment in strip)
            assert all(character.isprintable() for character in drawn)
            metas = [segment.style.meta for strip in strips for segment in strip if segment.style is not None]
            assert not any("quit" in str(meta.get("@click", "")) for meta in metas)
            assert not any(segment.style and segment.style.link for strip in strips for segment in strip)
            assert "[/nope]" in drawn


class Faulty(GatepostApp):
    """A dashboard with a fault of its own."""

    @work
    async def break_down(self) -> None:
        password = "hunter2"  # a local of the frame that fails
        raise RuntimeError(f"could not use {password}")


async def test_a_crash_reports_places_and_no_values(owned: Workspace) -> None:
    async def connect() -> Workspace:
        raise AssertionError("not reached")

    app = Faulty(connect)
    reported = io.StringIO()
    app.error_console = Console(file=reported, width=120)
    with pytest.raises(Exception, match="hunter2"):
        async with app.run_test() as pilot:
            app.break_down()
            await pilot.pause()
    assert "RuntimeError" in reported.getvalue()
    assert "test_shell.py" in reported.getvalue()
    assert "hunter2" not in reported.getvalue()


def test_a_crash_report_holds_no_message_of_any_link_in_the_chain() -> None:
    try:
        try:
            raise ValueError("postgresql://ada:hunter2@db")
        except ValueError as error:
            raise KeyError("hunter2") from error
    except KeyError as error:
        report = crash_report(error)
    assert "ValueError" in report
    assert "KeyError" in report
    assert "hunter2" not in report


async def test_the_capture_store_is_opened_once_and_only_when_asked_for(
    dashboard: Dashboard, owned: Workspace
) -> None:
    async with dashboard() as hands:
        assert hands.app.capture_store is None


def test_importing_the_app_does_not_load_the_database_library() -> None:
    code = "import sys, tui.app; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_what_on_ready_starts_sees_the_open_workspace(tmp_path: Path) -> None:
    seen: list[str] = []

    async def connect() -> Workspace:
        return await Workspace.open(
            str(tmp_path / "w.sqlite3"), user="ada@example.com", key_store=MemoryKeyStore()
        )

    async def on_ready(workspace: Workspace) -> None:
        seen.append(workspace.user.email)

    app = GatepostApp(connect, on_ready=on_ready)
    async with app.run_test() as pilot:
        while not seen:
            await pilot.pause(0.01)
    assert seen == ["ada@example.com"]
