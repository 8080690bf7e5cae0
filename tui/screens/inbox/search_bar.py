"""The line above the list of mails: what is searched for, and how many there are."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static


class SearchInput(Input):
    """The field; escape and enter leave it for the list."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,down,enter", "leave", "To the list", show=False)]

    class Left(Message):
        """The person is done typing."""

    def action_leave(self) -> None:
        self.post_message(self.Left())


class SearchBar(Horizontal):
    """Posts Changed with every key."""

    class Changed(Message):
        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def compose(self) -> ComposeResult:
        yield Static(Content.styled("/ ", "$primary"), id="search-sign")
        yield SearchInput(
            placeholder="subject, sender or recipient", compact=True, id="search-text", max_length=200
        )
        yield Static(id="mails-state")

    @property
    def text(self) -> str:
        return self.query_one(SearchInput).value

    def open(self) -> None:
        self.query_one(SearchInput).focus()

    def clear(self) -> None:
        self.query_one(SearchInput).value = ""

    def say(self, words: Content) -> None:
        """How the list stands to the store."""
        self.query_one("#mails-state", Static).update(words)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value))
