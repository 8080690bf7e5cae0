"""A long list that grows while one reads it, drawn line by line: only what is seen is ever formatted."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final, Generic, TypeVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.safe import fit
from tui.widgets.text_view import wrap

Row = TypeVar("Row")

HEADER: Final = 1  # lines
GAP: Final = 2  # cells between two columns
NEAR: Final = 40  # rows from an end of what is loaded at which more is asked for


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its heading, its width in cells, and how its text stands."""

    name: str
    title: str
    width: int
    right: bool = False


class LiveTable(ScrollView, Generic[Row], can_focus=True):
    """Rows handed to it with `show`, newest on top. It knows where it stands, not where rows come from.

    Posts Moved when another row is under the cursor or the view has moved, Opened on a double click (the
    screen has the key for it), and WantsOlder or WantsNewer when the view comes near an end of what it has.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    LiveTable {
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & > .live--header, & > .live--dim { color: $gate-dim; }
        & > .live--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
        & > .live--cursor-blurred {
            background: $block-cursor-blurred-background;
            color: $block-cursor-blurred-foreground;
        }
        & > .live--success { color: $success; }
        & > .live--warning { color: $warning; }
        & > .live--error { color: $error; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "live--header",
        "live--cursor",
        "live--cursor-blurred",
        "live--dim",
        "live--success",
        "live--warning",
        "live--error",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "newest", "Newest", show=False),
        Binding("end,G", "oldest", "Oldest loaded", show=False),
    ]

    @dataclass
    class Moved(Message):
        """The cursor or the view is somewhere else now."""

        table: LiveTable[Any]

        @property
        def control(self) -> LiveTable[Any]:
            return self.table

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LiveTable.Moved)

    @dataclass
    class Opened(Message):
        """The person wants to see the row under the cursor in full."""

        table: LiveTable[Any]

        @property
        def control(self) -> LiveTable[Any]:
            return self.table

    class WantsOlder(Message):
        """The view is near the oldest row that it has, and was told that there are more."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LiveTable.WantsOlder)

    class WantsNewer(Message):
        """The view is near the newest row that it has, and was told that there are more."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LiveTable.WantsNewer)

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id, classes="pane")
        self._rows: Sequence[Row] = ()
        self._cursor = 0
        self._cursor_key: Hashable = None
        self._more_above = False
        self._more_below = False
        self._now: datetime | None = None
        self._empty: tuple[str, ...] = ()
        self._lines: LRUCache[tuple[object, ...], Strip] = LRUCache(512)

    # What a list of its kind says

    @abstractmethod
    def columns(self, width: int) -> tuple[Column, ...]:
        """The columns that fit into `width` cells."""

    @abstractmethod
    def key_of(self, row: Row) -> Hashable:
        """What a row is recognised by."""

    @abstractmethod
    def cell(self, row: Row, column: Column, now: datetime) -> str:
        """A cell's sanitised text in exactly the column's width. Only the first may depend on `now`."""

    @abstractmethod
    def style_of(self, row: Row, column: Column) -> str:
        """The cell's component class without its prefix (such as "dim"), or nothing."""

    # What it is given

    def show(
        self,
        rows: Sequence[Row],
        *,
        now: datetime,
        shifted: int = 0,
        more_above: bool = False,
        more_below: bool = False,
    ) -> None:
        """Show these rows; what was on the screen has moved down by `shifted` lines (up, if negative).

        The cursor stays at its place among them, and with it at the newest, unless something was shifted.
        """
        self._rows, self._now = rows, now
        self._more_above, self._more_below = more_above, more_below
        self.virtual_size = Size(0, len(rows) + HEADER)
        top = self.scroll_offset.y
        # At the top new rows push the others down under the reader's cursor, as long as that stays in view.
        if shifted and (top or self._cursor + shifted >= self._view.height - HEADER):
            self.scroll_to(y=max(0, top + shifted), animate=False)
        self._set_cursor(self._cursor + shifted, scroll=not rows)
        self.refresh()

    def tick(self, now: datetime) -> None:
        """Time has passed: the relative times change."""
        self._now = now
        self.refresh()

    def say_when_empty(self, *lines: str) -> None:
        """What stands here when there are no rows: what that means, and the next step. Sanitised."""
        self._empty = lines
        self.refresh()

    # What it knows

    @property
    def selected(self) -> Row | None:
        return self._rows[self._cursor] if self._cursor < len(self._rows) else None

    @property
    def at_newest(self) -> bool:
        """Cursor and view are both at the top, as far as this table has rows."""
        return self._cursor == 0 and self.scroll_offset.y == 0

    # Moving

    def _set_cursor(self, place: int, *, scroll: bool = True) -> None:
        self._refresh_row(self._cursor)
        self._cursor = max(0, min(place, len(self._rows) - 1))
        self._refresh_row(self._cursor)
        row = self.selected
        key = self.key_of(row) if row is not None else None
        if scroll:
            self._bring_into_view(self._cursor)
        if key != self._cursor_key:
            self._cursor_key = key
            self.post_message(self.Moved(self))
        self._ask_for_more()

    def _refresh_row(self, place: int) -> None:
        self.refresh_line(place + HEADER)

    def _bring_into_view(self, place: int) -> None:
        top, lines = self.scroll_offset.y, self._view.height - HEADER
        if place < top:
            self.scroll_to(y=place, animate=False)
        elif place >= top + lines:
            self.scroll_to(y=place - lines + 1, animate=False)

    @property
    def _view(self) -> Size:
        return self.scrollable_content_region.size

    def _ask_for_more(self) -> None:
        top = self.scroll_offset.y
        if self._more_below and max(self._cursor, top + self._view.height) >= len(self._rows) - NEAR:
            self.post_message(self.WantsOlder())
        if self._more_above and min(self._cursor, top) <= NEAR:
            self.post_message(self.WantsNewer())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.post_message(self.Moved(self))
            self._ask_for_more()

    def action_move(self, by: int) -> None:
        self._set_cursor(self._cursor + by)

    def action_page(self, by: int) -> None:
        self._set_cursor(self._cursor + by * max(1, self._view.height - HEADER - 1))

    def action_newest(self) -> None:
        self._set_cursor(0)

    def action_oldest(self) -> None:
        self._set_cursor(len(self._rows) - 1)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or offset.y < HEADER:
            return
        place = self.scroll_offset.y + offset.y - HEADER
        if place < len(self._rows):
            self._set_cursor(place, scroll=False)
            if event.chain == 2:
                self.post_message(self.Opened(self))

    # Drawing

    def on_resize(self) -> None:
        self._bring_into_view(self._cursor)

    def notify_style_update(self) -> None:
        self._lines.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        width = self._view.width
        if not self._rows:
            return self._empty_line(y - HEADER, width)
        columns = self.columns(width - 1)  # one cell stays free before the scrollbar
        if y < HEADER:
            titles = [(fit(each.title, each.width, right=each.right), "header") for each in columns]
            return self._line(titles, "", width)
        place = self.scroll_offset.y + y - HEADER
        if place >= len(self._rows) or self._now is None:
            return Strip.blank(width, self.rich_style)
        row = self._rows[place]
        under = ""
        if place == self._cursor:
            under = "cursor" if self.has_focus else "cursor-blurred"
        texts = [self.cell(row, columns[0], self._now)]
        key = (self.key_of(row), columns, texts[0], under, width)
        if (line := self._lines.get(key)) is None:
            texts += [self.cell(row, column, self._now) for column in columns[1:]]
            styles = [self.style_of(row, column) for column in columns]
            line = self._line(list(zip(texts, styles, strict=True)), under, width)
            self._lines[key] = line
        return line

    def _line(self, cells: Sequence[tuple[str, str]], under: str, width: int) -> Strip:
        base = self.rich_style
        if under:
            base += self.get_component_rich_style(f"live--{under}", partial=True)
        segments: list[Segment] = []
        for text, name in cells:
            segments += [Segment(" " * GAP, base)] if segments else []
            segments.append(Segment(text, base + self._foreground(name) if name else base))
        return Strip(segments).adjust_cell_length(width, base)

    def _foreground(self, name: str) -> Style:
        style = self.get_component_rich_style(f"live--{name}", partial=True)
        return Style(color=style.color, bold=style.bold)

    def _empty_line(self, y: int, width: int) -> Strip:
        style = self.rich_style
        lines = [piece for line in self._empty for piece in wrap(line, max(width, 8))]
        if not 0 <= y < len(lines):
            return Strip.blank(width, style)
        if y > 0:
            style += self._foreground("dim")
        return Strip([Segment(lines[y], style)], cell_len(lines[y])).adjust_cell_length(width, style)
