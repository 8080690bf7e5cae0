"""What the keys do here, read from the registry of actions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from tui.actions import APP, Action, actions
from tui.widgets.facts import Fact, FactSheet

if TYPE_CHECKING:
    from tui.app import GatepostApp


class HelpScreen(ModalScreen[None]):
    """The keys of one mode and those that work everywhere, each with the same on the command line."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,f1,q", "dismiss", "Close")]

    def __init__(self, mode: str) -> None:
        super().__init__()
        self._mode = mode

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog help") as dialog:
            dialog.border_title = "What the keys do"
            dialog.border_subtitle = "esc closes"
            yield FactSheet(list(self._facts()), label_width=8, label_style="bold $primary")

    def _facts(self) -> Iterator[Fact]:
        here = tuple(actions(self._mode))
        if here:
            yield from self._section(self._mode.capitalize(), here)
            yield Fact("", Content())
        yield from self._section("Everywhere", APP)
        for keys, words in (
            ("^p", "Search every action"),
            ("tab", "Go to the next pane"),
            ("enter", "Open what is selected"),
            ("esc", "Go back"),
            ("^q", "Leave Gatepost"),
        ):
            yield Fact(keys, Content(words))

    def _section(self, title: str, entries: tuple[Action, ...]) -> Iterator[Fact]:
        yield Fact("", Content.styled(title, "underline"))
        for action in entries:
            words = Content(action.help)
            if action.command:
                words = Content.assemble(words, ("\n" + action.command, "$gate-dim"))
            yield Fact(cast("GatepostApp", self.app).key_label(action.keys), words)
