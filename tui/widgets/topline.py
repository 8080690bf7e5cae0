"""The two lines on top: whose workspace, is anything leaving, does anything need me; and the modes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from tui.actions import APP
from tui.safe import sanitise
from tui.wording import plural

if TYPE_CHECKING:
    from tui.app import GatepostApp


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the workspace stands, for the top line."""

    who: str = ""
    where: str = ""
    leaving: bool | None = None  # None: not known yet
    needs: int = 0  # configurations whose last test failed
    stale: bool = False  # the last look at the workspace failed: this is what was known before


class TopLine(Horizontal):
    """`Gatepost  ada@example.com · SQLite          ▲ leaving: on   ! 1 configuration failing`."""

    standing: reactive[Standing] = reactive(Standing(), init=False)

    def compose(self) -> ComposeResult:
        yield Static(id="whose")
        yield Static(id="standing")

    def on_mount(self) -> None:
        self.standing = cast("GatepostApp", self.app).standing
        self.watch(self.app, "standing", self._take, init=False)
        self._draw()

    def _take(self, standing: Standing) -> None:
        self.standing = standing

    def watch_standing(self) -> None:
        self._draw()

    def _draw(self) -> None:
        standing = self.standing
        whose = [("Gatepost", "bold $primary")]
        if standing.who:
            whose += [
                ("  ", ""),
                (sanitise(standing.who), ""),
                (" · " + sanitise(standing.where), "$gate-dim"),
            ]
        self.query_one("#whose", Static).update(Content.assemble(*whose))
        self.query_one("#standing", Static).update(self._standing_line(standing))

    @staticmethod
    def _standing_line(standing: Standing) -> Content:
        if standing.stale:
            return Content.styled("! not answering", "$error")
        if standing.leaving is None:
            return Content.styled("opening …", "$gate-dim")
        leaving = ("▲ leaving: on", "$success") if standing.leaving else ("△ leaving: nothing", "$gate-dim")
        if standing.needs:
            failing = f"! {plural(standing.needs, 'configuration')} failing"
            return Content.assemble(leaving, "   ", (failing, "$warning"))
        return Content.assemble(leaving, "   ", ("nothing needs you", "$gate-dim"))


class ModeTab(Static):
    """One mode: its digit and name. A click goes there."""

    def __init__(self, digit: str, title: str, run: str, *, current: bool) -> None:
        style = "bold $foreground" if current else "$gate-dim"
        super().__init__(
            Content.assemble((digit, "$primary"), " ", (title, style)), classes="-current" if current else ""
        )
        self._run = run

    async def on_click(self, event: events.Click) -> None:
        event.stop()
        await self.app.run_action(f"app.{self._run}")


class ModeBar(Horizontal):
    """All modes with their digits; the current one stands out."""

    def __init__(self, current: str) -> None:
        super().__init__()
        self._current = current

    def compose(self) -> ComposeResult:
        for action in APP:
            if action.run.startswith("mode("):
                yield ModeTab(action.keys, action.title, action.run, current=action.name == self._current)
