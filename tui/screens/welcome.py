"""The first run: what Gatepost is, and the way to the first configuration."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static


class WelcomeScreen(ModalScreen[bool]):
    """Shown once, over an empty workspace. Dismisses with True to go to the first configuration."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "answer(True)", "First configuration"),
        Binding("escape", "answer(False)", "Look around"),
    ]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Welcome to Gatepost"
            yield Static(
                Content.assemble(
                    "Gatepost is the one way out for mail that your agents send. Three steps:\n\n",
                    ("1  ", "bold $primary"),
                    "Add a configuration: the server through which mail leaves.\n   Its password is kept "
                    "encrypted.\n",
                    ("2  ", "bold $primary"),
                    "Add an agent, and grant it what it may send, and how much.\n",
                    ("3  ", "bold $primary"),
                    "Watch every attempt in the log.\n\n",
                    (
                        "No server at hand? Run  gatepost capture serve  in another terminal and choose the "
                        "provider “Local capture server”: it takes every mail and sends none.",
                        "$gate-dim",
                    ),
                )
            )
            with Horizontal(classes="buttons"):
                yield Button("Look around (esc)", id="later", compact=True)
                yield Button("First configuration (n)", id="first", variant="primary", compact=True)

    def on_mount(self) -> None:
        self.query_one("#first").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "first")

    def action_answer(self, answer: bool) -> None:  # noqa: FBT001
        self.dismiss(answer)
