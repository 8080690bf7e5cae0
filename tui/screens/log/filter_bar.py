"""The line above the log: the filter as it is typed, what is wrong with it, how the log is followed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Static

from core.values.operation import LogFilter
from tui.log_filter import KEYS, FilterError, Names, complete, parse_filter
from tui.safe import inert

HINT = f"{':… '.join(KEYS[:4])}:… text"


class FilterSuggester(Suggester):
    """Completes the last word of a filter from the names that there are."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.names = Names(agents={}, configurations={})

    async def get_suggestion(self, value: str) -> str | None:
        return complete(value, self.names)


class FilterInput(Input):
    """The filter's field; escape and enter leave it for the list, tab completes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,down,enter", "leave", "To the list", show=False),
        Binding("tab", "complete", "Complete", show=False),
    ]

    class Left(Message):
        """The person is done typing."""

    def action_leave(self) -> None:
        self.post_message(self.Left())

    def action_complete(self) -> None:
        """Take what is suggested; where nothing is, go on as tab does everywhere."""
        before = self.value
        self.action_cursor_right()
        if self.value == before:
            self.screen.focus_next()


class FilterBar(Vertical):
    """Posts Changed whenever what is typed is a filter; what is not is marked here and changes nothing."""

    @dataclass
    class Changed(Message):
        wanted: LogFilter
        text: str

    def __init__(self, now: Callable[[], datetime], *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._suggester = FilterSuggester()
        self._now = now
        self._following = Content()

    def compose(self) -> ComposeResult:
        with Horizontal(id="filter-line"):
            yield Static(Content.styled("/ ", "$primary"), id="filter-sign")
            yield FilterInput(
                placeholder=HINT, suggester=self._suggester, compact=True, id="filter", max_length=500
            )
            yield Static(id="following")
        yield Static(id="filter-problem")

    def on_mount(self) -> None:
        self.query_one("#filter-problem").display = False

    @property
    def text(self) -> str:
        return self.query_one(FilterInput).value

    def set_text(self, text: str) -> None:
        """Type this for the person."""
        field = self.query_one(FilterInput)
        field.value = text
        field.cursor_position = len(text)

    def open(self) -> None:
        self.query_one(FilterInput).focus()

    def know(self, names: Names) -> None:
        """What names refer to from now on. What was typed is read again."""
        self._suggester.names = names
        if self.text:
            self._read()

    def say_following(self, words: Content) -> None:
        if words != self._following:
            self._following = words
            self.query_one("#following", Static).update(words)

    @on(Input.Changed, "#filter")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._read()

    def _read(self) -> None:
        text = self.text
        problem = self.query_one("#filter-problem", Static)
        try:
            wanted = parse_filter(text, names=self._suggester.names, now=self._now())
        except FilterError as error:
            place = inert(text[error.start : error.end], "bold", limit=40)
            problem.update(Content.assemble(("! ", "$error"), place, ": ", inert(str(error), limit=200)))
            problem.display = True
            return
        problem.display = False
        self.post_message(self.Changed(wanted, text))
