"""The list half of the Inbox: the captured mails as they come, searched, paged back, kept through faults."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.timer import Timer

from dev_server.errors import CaptureError
from dev_server.message import CapturedMessage
from dev_server.store import CaptureStore
from tui.safe import sanitise
from tui.screens.base import ModeScreen
from tui.screens.inbox.feed import PAGE, Arrived, Faulted, Loaded, News, watch
from tui.screens.inbox.mails import Mails
from tui.screens.inbox.search_bar import SearchBar, SearchInput
from tui.screens.inbox.table import MailTable
from tui.widgets.fault import FaultLine
from tui.widgets.live_table import LiveTable
from tui.wording import plural

PAUSE: Final = 0.1  # seconds: while keys follow each other faster, nothing is searched or opened
NO_STORE: Final = (
    "This workspace was opened without a capture store.",
    "",
    "gatepost capture serve  makes one.",
)


class WatchingScreen(ModeScreen):
    """Shows the store's mails in a table, newest on top. What is done with one of them is the subclass's."""

    @dataclass
    class Told(Message):
        """News of the store, of the watch numbered so."""

        news: News
        watch: int

    @dataclass
    class Older(Message):
        rows: Sequence[CapturedMessage]
        watch: int

    def __init__(self) -> None:
        super().__init__()
        self._store: CaptureStore | None = None
        self._mails = Mails()
        self._count = 0
        self._watch = 0  # counts up with every fresh start
        self._is_loading = True
        self._pauses: dict[str, Timer] = {}

    def compose_body(self) -> ComposeResult:
        yield SearchBar(id="search")
        yield FaultLine(id="fault")
        with Horizontal(id="body"):
            yield MailTable(id="mails")
            yield from self.compose_letter()

    def compose_letter(self) -> ComposeResult:
        """What stands beside the list."""
        yield from ()

    @property
    def is_reading(self) -> bool:
        """Whether the person reads the selected mail: then the list does not move on by itself."""
        return False

    async def on_mount(self) -> None:
        self._table.border_title = "Captured mail"
        self._table.focus()
        self.set_interval(1.0, self._tick)
        self._say_state()

    async def workspace_ready(self) -> None:
        self._watch_anew()

    # Watching the store

    def _watch_anew(self) -> None:
        self._watch += 1
        self._follow(self._watch, self._bar.text.strip())

    @work(exclusive=True, group="watch")
    async def _follow(self, number: int, text: str) -> None:
        try:
            self._store = await asyncio.to_thread(lambda: self.gatepost.capture_store)
        except CaptureError as error:
            self.post_message(self.Told(Faulted(error), number))
            self._soon("watch", self._watch_anew, seconds=2.0)
            return
        if self._store is None:
            self.post_message(self.Told(Loaded((), 0), number))
            return
        await watch(self._store, text, lambda news: self.post_message(self.Told(news, number)))

    @on(Told)
    def _take(self, event: Told) -> None:
        if event.watch != self._watch:
            return
        match event.news:
            case Faulted(error):
                self._fault.say(error, self.now())
            case Loaded(rows, count):
                self._fault.clear()
                self._is_loading, self._count = False, count
                keep = None if self._table.at_newest and not self.is_reading else self._table.selected
                self._show(shifted=self._mails.replace(rows, keep=keep))
            case Arrived(rows, count):
                self._fault.clear()
                self._count = count
                at_newest = self._table.at_newest and not self.is_reading
                if come := self._mails.arrived(rows, at_newest=at_newest):
                    self._show(shifted=0 if at_newest else come)
        self._say_state()

    @on(LiveTable.WantsOlder)
    def _want_older(self) -> None:
        mails = self._mails
        if mails.rows and not mails.oldest_reached and self._store is not None:
            self._older(self._store, self._watch, mails.rows[-1].id, self._bar.text.strip())

    @work(exclusive=True, group="older")
    async def _older(self, store: CaptureStore, number: int, before: int, text: str) -> None:
        try:
            rows = await asyncio.to_thread(store.list, PAGE, before, text)
        except CaptureError as error:
            self.post_message(self.Told(Faulted(error), number))
        else:
            self.post_message(self.Older(rows, number))

    @on(Older)
    def _take_older(self, event: Older) -> None:
        if event.watch == self._watch:
            self._mails.older(event.rows)
            self._show()

    # Showing

    @property
    def _table(self) -> MailTable:
        return self.query_one("#mails", MailTable)

    @property
    def _bar(self) -> SearchBar:
        return self.query_one(SearchBar)

    @property
    def _fault(self) -> FaultLine:
        return self.query_one(FaultLine)

    def _show(self, *, shifted: int = 0) -> None:
        self._table.say_when_empty(*self._empty())
        mails = self._mails
        self._table.show(mails.rows, now=self.now(), shifted=shifted, more_below=not mails.oldest_reached)
        self.refresh_bindings()

    def _empty(self) -> tuple[str, ...]:
        if self._store is None:
            return NO_STORE
        if self._bar.text.strip():
            return ("No captured mail matches.", "", "What comes is still watched. esc clears the search.")
        return (
            "No mail has been captured yet.",
            "",
            "Start the server that takes mail instead of the world:",
            "  gatepost capture serve",
            "and send through a configuration that leads to it. It keeps what it takes in",
            f"  {sanitise(self._store.path, limit=200)}",
        )

    def _say_state(self) -> None:
        if self._fault.is_shown:
            words = Content.styled("! not answering", "$error")
        elif self._is_loading:
            words = Content.styled("reading …", "$gate-dim")
        else:
            words = Content.assemble((plural(self._count, "mail"), "$gate-dim"), ("  ▲ live", "$success"))
        self._bar.say(words)

    def _tick(self) -> None:
        if self.is_current:
            self._table.tick(self.now())

    def _soon(self, what: str, then: Callable[[], object], *, seconds: float = PAUSE) -> None:
        """Do it shortly, and once for everything that asks for it until then."""

        def due() -> None:
            del self._pauses[what]
            then()

        if what not in self._pauses:
            self._pauses[what] = self.set_timer(seconds, due)

    # Searching

    def action_filter(self) -> None:
        self._bar.open()

    @on(SearchBar.Changed)
    def _search(self) -> None:
        self._soon("search", self._watch_anew)

    @on(SearchInput.Left)
    def _leave_search(self) -> None:
        self._table.focus()
