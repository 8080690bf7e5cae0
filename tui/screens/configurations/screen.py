"""The screen of the mode Configurations: the list, the selected one, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.message import Message

from core.values.configuration import ConfigurationRow, TestReport
from tui.actions import bindings
from tui.safe import inert, sanitise
from tui.screens.base import ModeScreen
from tui.screens.configurations import present
from tui.screens.configurations.form import ConfigurationForm
from tui.screens.configurations.report import ReportScreen
from tui.widgets.confirm import ConfirmScreen
from tui.widgets.facts import FactPane
from tui.widgets.rows import RowTable

EMPTY = (
    "No configuration yet.\n\nPress n to add the first one: the server through which your mail leaves.\n"
    "To try it all without one, run  gatepost capture serve  and choose the local capture server."
)


class ConfigurationsScreen(ModeScreen):
    """List and detail; `n` adds, `e` edits, `t` tests, `x` archives."""

    MODE = "configurations"
    CSS_PATH = "configurations.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("configurations")]

    @dataclass
    class Loaded(Message):
        rows: Sequence[ConfigurationRow]

    @dataclass
    class ArchiveAsked(Message):
        row: ConfigurationRow
        agents: tuple[str, ...]

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[UUID, ConfigurationRow] = {}
        self._with_archived = False
        self._wanted: UUID | None = None  # the row to go to with the next load

    def compose_body(self) -> ComposeResult:
        with Container(id="body"):
            yield RowTable[UUID](present.COLUMNS, id="configurations", title="Configurations")
            yield FactPane(id="detail", title="Details")

    # Loading

    async def workspace_ready(self) -> None:
        self.load()

    def on_screen_resume(self) -> None:
        if self._was_ready:
            self.load()

    @work(exclusive=True, group="load")
    async def load(self) -> None:
        with self.problems_shown():
            rows = await self.workspace.configurations.list(include_archived=self._with_archived)
            self.post_message(self.Loaded(rows))

    @on(Loaded)
    def _show(self, event: Loaded) -> None:
        self._rows = {row.id: row for row in event.rows}
        table = self._table
        table.set_empty(EMPTY)
        now = self.now()
        table.set_rows([present.table_row(row, now) for row in event.rows], select=self._wanted)
        self._wanted = None
        table.border_subtitle = "with archived" if self._with_archived else ""
        self._show_detail()
        self.refresh_bindings()

    @on(RowTable.Highlighted, "#configurations")
    def _show_detail(self) -> None:
        row = self._selected
        detail = self.query_one("#detail", FactPane)
        detail.display = row is not None
        if row is not None:
            detail.border_title = inert(row.name)
            detail.set_facts(present.facts(row, self.now()))
        self.refresh_bindings()

    @property
    def _table(self) -> RowTable[UUID]:
        return self.query_one("#configurations", RowTable)

    @property
    def _selected(self) -> ConfigurationRow | None:
        key = self._table.key
        return None if key is None else self._rows.get(key)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("edit", "test", "archive"):
            row = self._selected if self.is_mounted else None
            return row is not None and row.archived_at is None
        return True

    # Actions

    def action_reload(self) -> None:
        self.load()

    def action_toggle_archived(self) -> None:
        self._with_archived = not self._with_archived
        self.load()

    def action_new(self) -> None:
        if self.gatepost.is_open:
            self.app.push_screen(ConfigurationForm(None, self._names()), self._created)

    @on(RowTable.Opened, "#configurations")
    def action_edit(self) -> None:
        row = self._selected
        if row is not None and row.archived_at is None:
            self.app.push_screen(ConfigurationForm(row, self._names() - {row.name}), self._changed)

    def _names(self) -> set[str]:
        return {row.name for row in self._rows.values() if row.archived_at is None}

    def _created(self, row: ConfigurationRow | None) -> None:
        if row is not None:
            self._changed(row)
            self.gatepost.say(f"“{row.name}” is added. Press t to test the way to its server.")

    def _changed(self, row: ConfigurationRow | None) -> None:
        if row is not None:
            self._wanted = row.id
            self.load()
            self.gatepost.refresh_standing()

    def action_test(self) -> None:
        row = self._selected
        if row is None:
            return

        async def run() -> TestReport:
            return await self.workspace.configurations.test(row.id)

        self.app.push_screen(ReportScreen(row.name, run), self._tested)

    def _tested(self, _: TestReport | None) -> None:
        self.load()
        self.gatepost.refresh_standing()

    def action_archive(self) -> None:
        row = self._selected
        if row is not None:
            self._look_who_uses(row)

    @work(exclusive=True, group="archive")
    async def _look_who_uses(self, row: ConfigurationRow) -> None:
        with self.problems_shown():
            grants = await self.workspace.grants.list(smtp_config_id=row.id, include_revoked=False)
            self.post_message(self.ArchiveAsked(row, tuple(sorted({grant.agent_name for grant in grants}))))

    @on(ArchiveAsked)
    def _ask(self, event: ArchiveAsked) -> None:
        def answered(sure: bool | None) -> None:  # noqa: FBT001
            if sure:
                self._archive(event.row)

        consequence = present.archive_consequence(event.row, event.agents)
        self.app.push_screen(
            ConfirmScreen(f"Archive “{sanitise(event.row.name)}”?", consequence, yes="Archive"), answered
        )

    @work(exclusive=True, group="archive")
    async def _archive(self, row: ConfigurationRow) -> None:
        with self.problems_shown():
            await self.workspace.configurations.archive(row.id)
            self.gatepost.say(f"“{row.name}” is archived and its password destroyed.")
            self._changed(row)
