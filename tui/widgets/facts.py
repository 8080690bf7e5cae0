"""What is known about one thing, as labels and values that wrap under themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

LABEL = 15  # cells


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: a label and what there is to say. Without a label the value stands across, as a heading."""

    label: str
    value: Content


class FactSheet(Widget):
    """Facts below each other. Foreign text in them must be sanitised already."""

    DEFAULT_CSS = "FactSheet { height: auto; }"

    def __init__(
        self, facts: Sequence[Fact] = (), *, label_width: int = LABEL, label_style: str = "$gate-dim"
    ) -> None:
        super().__init__()
        self._label_style = label_style
        self._facts = tuple(facts)
        self._label_width = label_width

    def set_facts(self, facts: Sequence[Fact]) -> None:
        self._facts = tuple(facts)
        self.refresh(layout=True)

    def _lines(self, width: int) -> list[Content]:
        lines: list[Content] = []
        for fact in self._facts:
            if not fact.label:
                lines += fact.value.wrap(max(1, width)) or [Content()]
                continue
            label = Content.styled(fact.label.ljust(self._label_width), self._label_style)
            blank = Content(" " * self._label_width)
            wrapped = fact.value.wrap(max(8, width - self._label_width)) or [Content()]
            lines += [(label if index == 0 else blank) + line for index, line in enumerate(wrapped)]
        return lines

    def render(self) -> Content:
        return Content("\n").join(self._lines(self.content_size.width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))


class FactPane(VerticalScroll, can_focus=True):
    """A framed, scrolling sheet of facts."""

    def __init__(self, *, id: str, title: str = "") -> None:  # noqa: A002
        super().__init__(id=id, classes="pane")
        self.border_title = title

    def compose(self) -> ComposeResult:
        yield FactSheet()

    def set_facts(self, facts: Sequence[Fact]) -> None:
        self.query_one(FactSheet).set_facts(facts)
        self.scroll_home(animate=False)
