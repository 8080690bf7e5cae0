"""The tokens of one agent: the list, making one (shown this once), revoking one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast
from uuid import UUID

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from core.errors import FieldProblem, GatepostError
from core.values.agent import AgentRow, NewToken, TokenRow
from tui import parsing
from tui.actions import bindings
from tui.safe import sanitise
from tui.screens.agents import present
from tui.widgets.confirm import ConfirmScreen
from tui.widgets.field import Field, text
from tui.widgets.form import FormScreen
from tui.widgets.key_line import KeyLine
from tui.widgets.rows import RowTable

if TYPE_CHECKING:
    from tui.app import GatepostApp


class TokenForm(FormScreen[NewToken]):
    """A new token: a name to recognise its holder by, and when it ends."""

    def __init__(self, agent: AgentRow) -> None:
        super().__init__(f"New token for {sanitise(agent.name)}")
        self._agent = agent

    def compose_fields(self) -> ComposeResult:
        yield Field(
            "name", "Name", text(placeholder="laptop"), note="Where it will live, so that you know it later."
        )
        yield Field(
            "expires_at",
            "Expires",
            text(placeholder="never", width=24),
            note="A date in UTC such as 2027-03-01, or 90d from now.",
        )

    def on_mount(self) -> None:
        self.field("name").control.focus()

    def check(self) -> tuple[FieldProblem, ...]:
        problems = []
        if not self.words("name").strip():
            problems.append(FieldProblem("name", "A name is needed.", "For example laptop."))
        now = self.gatepost.clock.now()
        try:
            ends = parsing.moment(self.words("expires_at"), now)
        except ValueError as error:
            problems.append(FieldProblem("expires_at", str(error)))
        else:
            if ends is not None and ends <= now:
                problems.append(FieldProblem("expires_at", "This moment has passed already."))
        return tuple(problems)

    async def submit(self) -> NewToken:
        ends = parsing.moment(self.words("expires_at"), self.gatepost.clock.now())
        return await self.workspace.agents.create_token(self._agent.id, self.words("name").strip(), ends)


class NewTokenScreen(ModalScreen[None]):
    """Shows a token this once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "Copy"),
        Binding("escape", "dismiss", "I have it"),
    ]

    def __init__(self, new: NewToken) -> None:
        super().__init__()
        self._new = new

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content(f"The token “{sanitise(self._new.row.name)}”")
            yield Static(Content(self._new.token), id="token")
            yield Static(
                Content("Keep it where the agent finds it. It is not shown again: only its hash is stored."),
                id="once",
            )
            with Horizontal(classes="buttons"):
                yield Button("Copy (y)", id="copy", variant="primary", compact=True)
                yield Button("I have it (esc)", id="close", compact=True)

    def on_mount(self) -> None:
        self.query_one("#copy").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "copy":
            self.action_copy()
        else:
            self.dismiss()

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self._new.token)
        self.app.notify("The terminal was asked to copy the token.", markup=False)


class TokensScreen(ModalScreen[None]):
    """All tokens of one agent."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("tokens")]

    @dataclass
    class Loaded(Message):
        rows: Sequence[TokenRow]
        select: UUID | None

    def __init__(self, agent: AgentRow) -> None:
        super().__init__()
        self._agent = agent
        self._rows: dict[UUID, TokenRow] = {}

    @property
    def gatepost(self) -> GatepostApp:
        return cast("GatepostApp", self.app)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tokens") as dialog:
            dialog.border_title = Content(f"Tokens of {sanitise(self._agent.name)}")
            yield Static(
                "With a token an agent will prove who it is to the doors (MCP, SMTP) that are to come.",
                classes="note",
            )
            yield RowTable[UUID](present.TOKEN_COLUMNS, id="tokens")
        yield KeyLine()

    def on_mount(self) -> None:
        self.load()

    @work(exclusive=True, group="tokens")
    async def load(self, select: UUID | None = None) -> None:
        try:
            rows = await self.gatepost.workspace.agents.tokens(self._agent.id)
        except GatepostError as error:
            self.gatepost.show_problem(error)
        else:
            self.post_message(self.Loaded(rows, select))

    @on(Loaded)
    def _show(self, event: Loaded) -> None:
        self._rows = {row.id: row for row in event.rows}
        table = self._table
        table.set_empty("No token yet: this agent can't prove who it is. Press n to make one.")
        now = self.gatepost.clock.now()
        table.set_rows([present.token_row(row, now) for row in event.rows], select=event.select)

    @property
    def _table(self) -> RowTable[UUID]:
        return self.query_one("#tokens", RowTable)

    def action_new(self) -> None:
        self.app.push_screen(TokenForm(self._agent), self._made)

    def _made(self, new: NewToken | None) -> None:
        if new is not None:
            self.load(new.row.id)
            self.app.push_screen(NewTokenScreen(new))

    def action_revoke(self) -> None:
        row = self._rows.get(self._table.key) if self._table.key else None
        if row is None or row.revoked_at is not None:
            return

        def answered(sure: bool | None) -> None:  # noqa: FBT001
            if sure:
                self._revoke(row)

        self.app.push_screen(
            ConfirmScreen("Revoke this token?", present.token_consequence(row), yes="Revoke"), answered
        )

    @work(exclusive=True, group="revoke")
    async def _revoke(self, row: TokenRow) -> None:
        try:
            await self.gatepost.workspace.agents.revoke_token(row.id)
        except GatepostError as error:
            self.gatepost.show_problem(error)
        self.load()

    def action_close(self) -> None:
        self.dismiss()
