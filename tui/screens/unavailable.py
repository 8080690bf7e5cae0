"""Shown when the workspace can't be opened: what went wrong, what to do, try again or leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from core.errors import GatepostError
from tui.safe import inert

if TYPE_CHECKING:
    from tui.app import GatepostApp


class UnavailableScreen(ModalScreen[None]):
    """The refusal of one attempt to open the workspace. Nothing behind it works until an attempt succeeds."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "retry", "Try again"),
        Binding("q,escape", "quit", "Quit"),
    ]

    def __init__(self, error: GatepostError) -> None:
        super().__init__()
        self._error = error

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "The workspace did not open"
            yield Static(Content.assemble(("! ", "bold $error"), inert(str(self._error))), id="what")
            if self._error.remedy:
                yield Static(inert(self._error.remedy), id="remedy", classes="note")
            with Horizontal(classes="buttons"):
                yield Button("Quit (q)", id="quit", compact=True)
                yield Button("Try again (r)", id="retry", variant="primary", compact=True)

    def on_mount(self) -> None:
        self.query_one("#retry").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "retry":
            self.action_retry()
        else:
            self.action_quit()

    def action_retry(self) -> None:
        app = cast("GatepostApp", self.app)
        self.dismiss()
        app.open_workspace()

    def action_quit(self) -> None:
        self.app.exit()
