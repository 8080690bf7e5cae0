"""Asks where to save an attachment."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static


class SaveScreen(ModalScreen[Path]):
    """The folder that was chosen, or None. The file's name is not asked: it is made safe when it is written."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Cancel")]

    def __init__(self, file: Content, folder: Path) -> None:
        super().__init__()
        self._file = file
        self._folder = folder

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Save into folder"
            dialog.border_subtitle = "enter save · esc cancel"
            yield Static(self._file)
            yield Input(str(self._folder), compact=True, select_on_focus=False, max_length=4096, id="folder")
            yield Static(
                "A file that is there already is never overwritten; the new one gets a number.",
                classes="note",
            )

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self.dismiss(Path(event.value.strip()).expanduser())
