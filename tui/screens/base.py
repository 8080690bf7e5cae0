"""What every mode's screen shares: the top lines, the footer, and errors shown where they happen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.screen import Screen

from core.errors import GatepostError
from tui.widgets.key_line import KeyLine
from tui.widgets.topline import ModeBar, TopLine

if TYPE_CHECKING:
    from core.workspace import Workspace
    from tui.app import GatepostApp


class ModeScreen(Screen[None]):
    """One mode of the dashboard. Subclasses compose their body in `compose_body`.

    `workspace_ready` is awaited once on each screen, as soon as the workspace is open and the screen is
    mounted: start the data worker there, and don't await slow work in it.
    """

    MODE: ClassVar[str] = ""  # the key in GatepostApp.MODES
    _is_on = False
    _was_ready = False

    def compose(self) -> ComposeResult:
        yield TopLine()
        yield ModeBar(self.MODE)
        yield from self.compose_body()
        yield KeyLine()

    def compose_body(self) -> ComposeResult:
        """The mode's own widgets, between the top lines and the footer."""
        yield from ()

    async def on_mount(self) -> None:
        self._is_on = True
        await self.become_ready()

    async def become_ready(self) -> None:
        """Called by the app when the workspace opens, and on mount; `workspace_ready` runs once."""
        if self.gatepost.is_open and self._is_on and not self._was_ready:
            self._was_ready = True
            await self.workspace_ready()

    async def workspace_ready(self) -> None:
        """The workspace is open and this screen is on: load."""

    @property
    def gatepost(self) -> GatepostApp:
        return cast("GatepostApp", self.app)

    @property
    def workspace(self) -> Workspace:
        return self.gatepost.workspace

    def now(self) -> datetime:
        return self.gatepost.clock.now()

    @contextmanager
    def problems_shown(self) -> Iterator[None]:
        """Whatever a service refuses inside is shown with its remedy, and the screen stays usable."""
        try:
            yield
        except GatepostError as error:
            self.gatepost.show_problem(error)
