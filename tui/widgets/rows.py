"""A table of rows that fits its width: flexible columns, columns that give way, one row under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

Key = TypeVar("Key")
GAP = 2  # cells between two columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. Without `flex` it is as wide as its widest cell; those with `flex` share what is left."""

    title: str
    flex: int = 0
    right: bool = False
    from_width: int = 0  # not shown in a table narrower than this
    at_least: int = 0  # a flexible column never gets less


@dataclass(frozen=True, slots=True)
class Row(Generic[Key]):
    """One row: the key that messages carry, and a cell per column. Foreign text must be sanitised already."""

    key: Key
    cells: tuple[Content, ...]


class RowTable(ScrollView, Generic[Key], can_focus=True):
    """Rows under a heading line. Posts `Highlighted` as the cursor moves, `Opened` on enter or double click.

    Meant for lists that a person manages (hundreds of rows); the log has a view of its own.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--heading", "rows--cursor", "rows--empty"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "edge(-1)", "First", show=False),
        Binding("end", "edge(1)", "Last", show=False),
        Binding("enter", "open", "Open", show=False),
    ]

    cursor: reactive[int] = reactive(0)

    @dataclass
    class Highlighted(Message):
        """The cursor stands on another row, or on none (`key` None)."""

        table: RowTable[object]
        key: object | None

        @property
        def control(self) -> RowTable[object]:
            return self.table

    @dataclass
    class Opened(Message):
        """A row was chosen."""

        table: RowTable[object]
        key: object

        @property
        def control(self) -> RowTable[object]:
            return self.table

    def __init__(self, columns: Sequence[Column], *, id: str, title: str = "", empty: str = "") -> None:  # noqa: A002
        super().__init__(id=id, classes="pane")
        self._columns = tuple(columns)
        self._rows: list[Row[Key]] = []
        self._shown_key: Key | None = None
        self._empty = Content(empty)
        self.border_title = title

    # Rows

    @property
    def key(self) -> Key | None:
        """The key of the row under the cursor."""
        return self._rows[self.cursor].key if 0 <= self.cursor < len(self._rows) else None

    @property
    def row_count(self) -> int:
        return len(self._rows)

    def set_rows(self, rows: Sequence[Row[Key]], *, select: Key | None = None) -> None:
        """Show these rows. The cursor stays on its row, goes to `select`, or to the nearest one left."""
        wanted = select if select is not None else self.key
        self._rows = list(rows)
        keys = [row.key for row in self._rows]
        self.cursor = keys.index(wanted) if wanted in keys else max(0, min(self.cursor, len(keys) - 1))
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._rows) + 1)
        self._tell()
        self._show_cursor()
        self.refresh()

    def set_empty(self, words: str) -> None:
        """What stands here when there are no rows: the next step."""
        self._empty = Content(words)
        self.refresh()

    def _tell(self) -> None:
        if self.key != self._shown_key:
            self._shown_key = self.key
            self.post_message(self.Highlighted(self, self.key))  # type: ignore[arg-type]

    def validate_cursor(self, cursor: int) -> int:
        return max(0, min(cursor, len(self._rows) - 1))

    def watch_cursor(self) -> None:
        self._tell()
        self._show_cursor()
        self.refresh()

    def _show_cursor(self) -> None:
        height = max(1, self.scrollable_content_region.height - 1)
        top = int(self.scroll_y)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False)

    # Keys and mouse

    def action_move(self, by: int) -> None:
        self.cursor += by

    def action_page(self, direction: int) -> None:
        self.cursor += direction * max(1, self.scrollable_content_region.height - 2)

    def action_edge(self, direction: int) -> None:
        self.cursor = 0 if direction < 0 else len(self._rows) - 1

    def action_open(self) -> None:
        if self.key is not None:
            self.post_message(self.Opened(self, self.key))  # type: ignore[arg-type]

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or offset.y < 1:
            return
        index = int(self.scroll_y) + offset.y - 1
        if index < len(self._rows):
            self.cursor = index
            if event.chain == 2:
                self.action_open()

    # Drawing

    def on_resize(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._rows) + 1)
        self._show_cursor()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.refresh()

    def _widths(self, width: int) -> list[int]:
        """The width of every column, 0 for those that give way."""
        shown = {index: column for index, column in enumerate(self._columns) if column.from_width <= width}
        widths = [0] * len(self._columns)
        wanted = {}
        for index, column in shown.items():
            wanted[index] = max([len(column.title), *(row.cells[index].cell_length for row in self._rows)])
            if not column.flex:
                widths[index] = wanted[index]
        left = width - sum(widths) - GAP * (len(shown) - 1)
        # Whoever wants less than its share gets just that; the others share what is left of it.
        hungry = {index: column for index, column in shown.items() if column.flex}
        while hungry:
            shares = sum(column.flex for column in hungry.values())
            content = [i for i, column in hungry.items() if wanted[i] <= max(0, left) * column.flex // shares]
            for index in content or hungry:
                share = max(0, left) * hungry[index].flex // shares
                widths[index] = wanted[index] if content else max(hungry[index].at_least, share)
            if not content:
                return widths
            left -= sum(widths[index] for index in content)
            hungry = {index: column for index, column in hungry.items() if index not in content}
        last = max((index for index, column in shown.items() if column.flex), default=None)
        if last is not None:
            widths[last] += max(0, left)
        return widths

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        base = self.visual_style
        if not self._rows:
            lines = Visual.to_strips(self, self._empty, width, None, self.get_visual_style("rows--empty"))
            return lines[y - 1] if 1 <= y <= len(lines) else Strip.blank(width, base.rich_style)
        widths = self._widths(width)
        if y == 0:
            cells = [Content(column.title) for column in self._columns]
            style = self.get_visual_style("rows--heading")
        else:
            index = int(self.scroll_y) + y - 1
            if index >= len(self._rows):
                return Strip.blank(width, base.rich_style)
            cells = list(self._rows[index].cells)
            style = base
            if index == self.cursor:
                style = self.get_visual_style("rows--cursor")
        parts: list[Content] = []
        for column, cell, cell_width in zip(self._columns, cells, widths, strict=True):
            if not cell_width:
                continue
            fitted = cell.truncate(cell_width, ellipsis=True)
            space = " " * (cell_width - fitted.cell_length)
            parts.append(Content(space) + fitted if column.right else fitted + space)
        line = Content(" " * GAP).join(parts).truncate(width, ellipsis=True, pad=True)
        return Visual.to_strips(self, line, width, 1, style)[0]
