"""One operation over the whole screen, where there is no room for it beside the list."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from core.values.operation import OperationRow
from tui.screens.log.detail import OperationDetail, as_text, describe

if TYPE_CHECKING:
    from tui.app import GatepostApp


class OperationScreen(ModalScreen[None]):
    """Shows what it was given; nothing in it changes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss", "Close"),
        Binding("y", "copy", "Copy"),
    ]

    def __init__(self, row: OperationRow) -> None:
        super().__init__()
        self._row = row

    def compose(self) -> ComposeResult:
        yield OperationDetail(id="operation")

    def on_mount(self) -> None:
        app = cast("GatepostApp", self.app)
        detail = self.query_one(OperationDetail)
        detail.border_subtitle = "↑↓ scroll · y copy · esc close"
        detail.show(self._row, app.clock.now())
        detail.focus()

    def action_copy(self) -> None:
        app = cast("GatepostApp", self.app)
        app.copy_to_clipboard(as_text(describe(self._row, app.clock.now())))
        app.say("The operation is on the clipboard.")
