"""The reading half of the Log: followed live, paged back and forth, kept through faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.timer import Timer

from core.errors import GatepostError
from core.values.operation import LogFilter, OperationRow
from tui.log_filter import Names
from tui.safe import sanitise
from tui.screens.base import ModeScreen
from tui.screens.log.detail import OperationDetail
from tui.screens.log.feed import Arrived, Faulted, Loaded, News, follow
from tui.screens.log.filter_bar import FilterBar
from tui.screens.log.standing import Following
from tui.screens.log.table import LogTable
from tui.screens.log.window import PAGE, LogWindow
from tui.widgets.fault import FaultLine
from tui.widgets.live_table import LiveTable

DETAIL_PAUSE: Final = 0.05  # seconds
NOTHING_YET: Final = (
    "Nothing has been sent yet.",
    "",
    "Every attempt appears here by itself, allowed or not.",
    "Make one:  gatepost send --help",
)
NOTHING_FOUND: Final = (
    "Nothing in the log matches this filter.",
    "",
    "What comes is still followed. esc clears it.",
)


class ReadingScreen(ModeScreen):
    """The newest is on top. At the top the list follows; anywhere else it stands still and counts.

    What to read is in `wanted`; what is done with a row is the subclass's.
    """

    @dataclass
    class Told(Message):
        """News of the log, of the reading numbered so."""

        news: News
        reading: int

    @dataclass
    class Paged(Message):
        """A page next to what is in memory: further back, or towards the newest."""

        rows: Sequence[OperationRow]
        older: bool
        reading: int

    @dataclass
    class Named(Message):
        names: Names

    def __init__(self) -> None:
        super().__init__()
        self.window = LogWindow()
        self.wanted = LogFilter()
        self._reading = 0  # counts up with every fresh start: late news of an old one is known as such
        self._is_loading = True
        self.is_paused = False
        self._detail_due: Timer | None = None

    def compose_body(self) -> ComposeResult:
        yield FilterBar(self.now, id="filter-bar")
        yield FaultLine(id="fault")
        with Horizontal(id="body"):
            yield LogTable(id="operations")
            yield OperationDetail(id="detail")

    async def on_mount(self) -> None:
        self.table.border_title = "Log"
        self.table.focus()
        self.set_interval(1.0, self._tick)
        self.say_following()

    async def workspace_ready(self) -> None:
        self._learn_names()
        self.read_anew()

    def on_screen_resume(self) -> None:
        if self._was_ready:
            self._learn_names()
            self._show()

    # Reading

    def read_anew(self) -> None:
        self._reading += 1
        self._is_loading = True
        self._follow(self._reading, self.wanted)
        self.say_following()

    @work(exclusive=True, group="follow")
    async def _follow(self, reading: int, wanted: LogFilter) -> None:
        await follow(self.workspace, wanted, lambda news: self.post_message(self.Told(news, reading)))

    @on(Told)
    def _take(self, event: Told) -> None:
        if event.reading != self._reading:
            return
        match event.news:
            case Faulted(error):
                self._fault.say(error, self.now())
            case Loaded(rows):
                self._fault.clear()
                self._is_loading = False
                self.window.reset(rows, limit=PAGE)
                self.table.show((), now=self.now())  # a fresh start begins at the newest
                self._show()
            case Arrived(rows):
                self._fault.clear()
                if self._follows:
                    if self.window.arrived(rows):
                        self._show()
                else:
                    self.window.wait(rows)
        self.say_following()

    @on(LiveTable.WantsOlder)
    def _older(self) -> None:
        if self.window.rows and not self.window.oldest_reached:
            self._page(self._reading, self.wanted, older=True)

    @on(LiveTable.WantsNewer)
    def _newer(self) -> None:
        if self.window.is_detached:
            self._page(self._reading, self.wanted, older=False)

    @work(exclusive=True, group="page")
    async def _page(self, reading: int, wanted: LogFilter, *, older: bool) -> None:
        edge = self.window.rows[-1 if older else 0].position
        log = self.workspace.log
        try:
            rows = await (
                log.page(wanted, before=edge, limit=PAGE) if older else log.since(wanted, edge, limit=PAGE)
            )
        except GatepostError as error:
            self.post_message(self.Told(Faulted(error), reading))
        else:
            self.post_message(self.Paged(rows, older, reading))

    @on(Paged)
    def _take_page(self, event: Paged) -> None:
        if event.reading != self._reading:
            return
        if event.older:
            self._show(shifted=-self.window.older(event.rows, limit=PAGE))
        else:
            self._show(shifted=self.window.newer(event.rows, limit=PAGE))

    @work(exclusive=True, group="names")
    async def _learn_names(self) -> None:
        try:
            agents = await self.workspace.agents.list()
            configurations = await self.workspace.configurations.list(include_archived=True)
        except GatepostError:
            return  # the filter works without names; the fault shows where the log is read
        self.post_message(
            self.Named(
                Names(
                    agents={sanitise(agent.name): agent.id for agent in agents},
                    configurations={sanitise(row.name): row.id for row in configurations},
                )
            )
        )

    @on(Named)
    def _know(self, event: Named) -> None:
        self.bar.know(event.names)

    # Showing

    @property
    def table(self) -> LogTable:
        return self.query_one("#operations", LogTable)

    @property
    def _fault(self) -> FaultLine:
        return self.query_one(FaultLine)

    @property
    def bar(self) -> FilterBar:
        return self.query_one(FilterBar)

    @property
    def _follows(self) -> bool:
        window = self.window
        return not (self.is_paused or window.is_detached or window.waiting) and self.table.at_newest

    def _show(self, *, shifted: int = 0) -> None:
        window, table = self.window, self.table
        table.say_when_empty(*(NOTHING_FOUND if self.bar.text else NOTHING_YET))
        table.show(
            window.rows,
            now=self.now(),
            shifted=shifted,
            more_above=window.is_detached,
            more_below=not window.oldest_reached,
        )
        self._show_detail()

    def _show_detail(self) -> None:
        """Shortly, and once for all rows that the cursor passes until then: laying it out costs more than the list."""
        if self._detail_due is None:
            self._detail_due = self.set_timer(DETAIL_PAUSE, self._show_detail_now)

    def _show_detail_now(self) -> None:
        self._detail_due = None
        detail = self.query_one("#detail", OperationDetail)
        if detail.display:
            detail.show(self.table.selected, self.now())

    def on_resize(self) -> None:
        self._show_detail()  # a wider terminal may have room for it now

    def _tick(self) -> None:
        if self.is_current:
            self.table.tick(self.now())

    def say_following(self) -> None:
        following = Following(
            is_paused=self.is_paused,
            is_loading=self._is_loading,
            is_faulted=self._fault.is_shown,
            follows=self._follows,
            waiting=self.window.waiting,
        )
        self.bar.say_following(following.words())

    @on(LiveTable.Moved)
    def _moved(self) -> None:
        if not self.is_paused and self.table.at_newest and (self.window.waiting or self.window.is_detached):
            self.read_anew()
        self._show_detail()
        self.say_following()
