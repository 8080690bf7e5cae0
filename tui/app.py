"""The dashboard's app: it wires modes, workspace and capture store together, and nothing more."""

from __future__ import annotations

import asyncio
import importlib
import traceback
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import work
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.screen import Screen
from textual.worker import WorkerFailed

from core.clock import Clock, SystemClock
from core.errors import GatepostError
from core.values.configuration import CheckStatus
from tui.actions import ACTIONS, bindings
from tui.safe import sanitise
from tui.screens.base import ModeScreen
from tui.themes import DARK, DEFAULTS, LIGHT
from tui.widgets.topline import ModeBar, Standing, TopLine

if TYPE_CHECKING:
    from core.workspace import Workspace
    from dev_server.store import CaptureStore

STANDING_EVERY: Final = 10.0  # seconds between two looks at how the workspace stands
RECOVER_EVERY: Final = 60.0  # seconds between two looks for mails whose sender died


def _configurations() -> Screen[Any]:
    from tui.screens.configurations.screen import ConfigurationsScreen

    return ConfigurationsScreen()


def _agents() -> Screen[Any]:
    from tui.screens.agents.screen import AgentsScreen

    return AgentsScreen()


def _log() -> Screen[Any]:
    from tui.screens.log.screen import LogScreen

    return LogScreen()


def _inbox() -> Screen[Any]:
    from tui.screens.inbox.screen import InboxScreen

    return InboxScreen()


class GatepostApp(App[None]):
    """The dashboard over one workspace.

    `connect` opens the workspace; it is awaited after the first paint, and the app closes what it returned.
    `capture` opens the capture store when a screen first asks for it. `on_ready` is awaited in a worker of
    its own once the workspace is open (the demo starts its senders there).
    """

    TITLE = "Gatepost"
    CSS_PATH = Path(__file__).with_name("theme.tcss")
    # A screen's module is imported when its mode is first entered: the shell paints without them.
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        "configurations": _configurations,
        "agents": _agents,
        "log": _log,
        "inbox": _inbox,
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("app"),
        Binding("ctrl+q", "quit", "Quit", tooltip="Leave Gatepost", id="app.quit", priority=True, show=False),
    ]
    # Textual declares this one as an attribute, not as ClassVar.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012
    NOTIFICATION_TIMEOUT = 6

    standing: reactive[Standing] = reactive(Standing(), init=False)

    def __init__(
        self,
        connect: Callable[[], Awaitable[Workspace]],
        *,
        capture: Callable[[], CaptureStore] | None = None,
        on_ready: Callable[[Workspace], Awaitable[None]] | None = None,
        start_mode: str = "configurations",
        clock: Clock | None = None,
    ) -> None:
        super().__init__()
        self.clock: Clock = clock or SystemClock()
        self._connect = connect
        self._open_capture = capture
        self._capture: CaptureStore | None = None
        self._on_ready = on_ready
        self._start_mode = start_mode
        self._workspace: Workspace | None = None
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name

    # What screens ask for

    @property
    def is_open(self) -> bool:
        return self._workspace is not None

    @property
    def workspace(self) -> Workspace:
        """The open workspace. Raises RuntimeError before it is open: work in `workspace_ready` and after."""
        if self._workspace is None:
            raise RuntimeError("the workspace is not open yet")
        return self._workspace

    @property
    def capture_store(self) -> CaptureStore | None:
        """Where the capture server keeps its mail, opened on first use. None where there is none."""
        if self._capture is None and self._open_capture is not None:
            self._capture = self._open_capture()
        return self._capture

    def show_problem(self, error: GatepostError) -> None:
        """Say what went wrong and what to do, where the person is looking."""
        message = sanitise(str(error))
        if error.remedy:
            message = f"{message}\n{sanitise(error.remedy)}"
        self.notify(message, title="Not done", severity="error", timeout=10, markup=False)

    def say(self, message: str) -> None:
        """Confirm in passing what was done. `message` may hold foreign text."""
        self.notify(sanitise(message), markup=False)

    # Opening and closing

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(DEFAULTS)

    def compose(self) -> ComposeResult:
        # The first paint is the frame alone; the first mode follows at once.
        yield TopLine()
        yield ModeBar(self._start_mode)

    def on_mount(self) -> None:
        self.call_after_refresh(self._show_first_mode)

    async def _show_first_mode(self) -> None:
        await self.switch_mode(self._start_mode)
        self.call_after_refresh(self.open_workspace)

    @work(exclusive=True, group="open")
    async def open_workspace(self) -> None:
        """Open the workspace, off the first paint. A refusal becomes a screen with its remedy."""
        # The database library takes longer to import than the whole shell: a thread keeps the keys alive.
        await asyncio.to_thread(importlib.import_module, "core.workspace")
        try:
            self._workspace = await self._connect()
        except GatepostError as error:
            from tui.screens.unavailable import UnavailableScreen

            self.standing = Standing(stale=True)
            self.push_screen(UnavailableScreen(error))
            return
        await self._workspace_opened(self._workspace)

    async def _workspace_opened(self, workspace: Workspace) -> None:
        for stack in self._screen_stacks.values():
            for screen in stack:
                if isinstance(screen, ModeScreen):
                    await screen.become_ready()
        self.refresh_standing()
        self.set_interval(STANDING_EVERY, self.refresh_standing)
        self._recover()
        self.set_interval(RECOVER_EVERY, self._recover)
        if self._on_ready is not None:
            self._start(self._on_ready, workspace)
        if workspace.is_new:
            from tui.screens.welcome import WelcomeScreen

            self.push_screen(WelcomeScreen(), self._welcomed)

    @work(exclusive=True, group="recover")
    async def _recover(self) -> None:
        """Look after mails whose sender died: those that were not handed over leave now."""
        try:
            await self.workspace.mail.recover()
        except GatepostError:
            # The top line says that the workspace does not answer; the next turn tries again.
            return

    @work(group="on_ready")
    async def _start(self, on_ready: Callable[[Workspace], Awaitable[None]], workspace: Workspace) -> None:
        try:
            await on_ready(workspace)
        except GatepostError as error:
            self.show_problem(error)

    async def _welcomed(self, wants_configuration: bool | None) -> None:  # noqa: FBT001
        if wants_configuration:
            await self.switch_mode("configurations")
            self.call_after_refresh(self.screen.run_action, "new")

    async def on_unmount(self) -> None:
        workspace, self._workspace = self._workspace, None
        if workspace is not None:
            await workspace.close()
        if self._capture is not None:
            self._capture.close()
            self._capture = None

    @work(exclusive=True, group="standing")
    async def refresh_standing(self) -> None:
        """Look again at how the workspace stands. Screens call it after they changed something."""
        workspace = self._workspace
        if workspace is None:
            return
        try:
            configurations = await workspace.configurations.list()
            agents = await workspace.agents.list()
        except GatepostError:
            self.standing = Standing(who=workspace.user.email, where=workspace.url_label, stale=True)
            return
        self.standing = Standing(
            who=workspace.user.email,
            where=workspace.url_label,
            leaving=any(row.fields.is_active for row in configurations)
            and any(agent.is_active and agent.grants for agent in agents),
            needs=sum(row.test_status is CheckStatus.FAILED for row in configurations),
        )

    # Actions of the whole app

    async def action_mode(self, mode: str) -> None:
        await self.switch_mode(mode)

    def action_toggle_dark(self) -> None:
        self.theme = LIGHT.name if self.current_theme.dark else DARK.name

    def action_help(self) -> None:
        from tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(getattr(self.screen, "MODE", "")))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        mode = getattr(screen, "MODE", "")
        for action in ACTIONS:
            if action.in_palette and action.scope in ("app", mode):
                target = self if action.scope == "app" else screen
                yield SystemCommand(
                    f"{action.title} ({self.key_label(action.keys)})",
                    action.help,
                    lambda target=target, run=action.run: self.run_action(run, target),
                )
        yield from super().get_system_commands(screen)

    def key_label(self, keys: str) -> str:
        """How a registry entry's first key is written for people."""
        return self.get_key_display(Binding(keys.split(",")[0], ""))

    # A fault of ours

    def _fatal_error(self) -> None:
        """Report a crash by place only: locals, values and messages may hold a secret."""
        self.bell()
        # Textual prints what is gathered here once the terminal is restored.
        self._exit_renderables.append(crash_report(self._exception))
        self._close_messages_no_wait()


def crash_report(error: BaseException | None) -> str:
    """Where the program failed, for a bug report: exception types and places, never what they hold."""
    if isinstance(error, WorkerFailed):
        error = error.error
    lines = ["Gatepost met a fault of its own and closed. What was accepted for sending is kept."]
    while error is not None:
        lines.append(f"{type(error).__module__}.{type(error).__qualname__}")
        lines += [
            f"  {frame.filename}:{frame.lineno} in {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    lines.append("Please report these lines; they hold no addresses, mails or secrets.")
    return "\n".join(lines)
