"""The screen of the mode Log: followed live, filtered while it is followed, read back as far as it goes."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import on
from textual.binding import BindingType
from textual.timer import Timer

from tui.actions import bindings
from tui.log_filter import with_token
from tui.safe import sanitise
from tui.screens.log.detail import OperationDetail, as_text, describe
from tui.screens.log.filter_bar import FilterBar, FilterInput
from tui.screens.log.operation import OperationScreen
from tui.screens.log.reading import ReadingScreen
from tui.widgets.live_table import LiveTable

TYPING_PAUSE: Final = 0.12  # seconds without a key before a filter is put to the database


class LogScreen(ReadingScreen):
    """What a person does with the log: filter, pause, open, copy."""

    MODE = "log"
    CSS_PATH = "log.tcss"
    HORIZONTAL_BREAKPOINTS: ClassVar[list[tuple[int, str]]] = [(0, "-narrow"), (116, "-wide")]  # type: ignore[misc]
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("log")]

    _typing: Timer | None = None

    # Filtering

    @on(FilterBar.Changed)
    def _filter(self, event: FilterBar.Changed) -> None:
        self.wanted = event.wanted
        if self._typing is not None:
            self._typing.stop()
        self._typing = self.set_timer(TYPING_PAUSE, self.read_anew)

    @on(FilterInput.Left)
    def _leave_filter(self) -> None:
        self.table.focus()

    def action_filter(self) -> None:
        self.bar.open()

    def action_only(self, key: str) -> None:
        row = self.table.selected
        if row is None:
            return
        values = {"agent": row.agent_name, "via": row.connection_name, "status": row.outcome.value}
        value = values[key]
        if value:
            self.bar.set_text(with_token(self.bar.text, key, sanitise(value)))

    def action_back(self) -> None:
        if self.focused is not self.table:
            self.table.focus()
        elif self.bar.text:
            self.bar.set_text("")

    # The other actions

    def action_pause(self) -> None:
        self.is_paused = not self.is_paused
        if not self.is_paused and self.table.at_newest and self.window.waiting:
            self.read_anew()
        self.say_following()

    def action_follow(self) -> None:
        self.is_paused = False
        self.table.action_newest()
        if self.window.waiting or self.window.is_detached:
            self.read_anew()
        self.say_following()

    def action_clock(self) -> None:
        self.table.toggle_clock()

    @on(LiveTable.Opened)
    def action_open(self) -> None:
        row = self.table.selected
        if row is None:
            return
        detail = self.query_one("#detail", OperationDetail)
        if detail.display:
            detail.focus()
        else:
            self.app.push_screen(OperationScreen(row))

    def action_copy(self) -> None:
        row = self.table.selected
        if row is not None:
            self.app.copy_to_clipboard(as_text(describe(row, self.now())))
            self.gatepost.say("The operation is on the clipboard.")
