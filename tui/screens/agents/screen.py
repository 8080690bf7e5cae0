"""The screen of the mode Agents: agents, the grants of the selected one, and what can be done with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.message import Message

from core.values.agent import AgentRow
from core.values.configuration import ConfigurationRow
from core.values.grant import GrantRow
from tui.actions import bindings
from tui.safe import inert, sanitise
from tui.screens.agents import present
from tui.screens.agents.forms import AgentForm, GrantForm
from tui.screens.agents.tokens import TokensScreen
from tui.screens.base import ModeScreen
from tui.widgets.confirm import ConfirmScreen
from tui.widgets.facts import FactPane
from tui.widgets.rows import RowTable

NO_AGENTS = "No agent yet.\n\nPress n to add the first one: a program that may send mail on your behalf."
NO_GRANTS = "Nothing is granted: this agent can't send.\n\nPress g to let it send through a configuration."


class AgentsScreen(ModeScreen):
    """Agents and their grants; `n` adds an agent, `g` grants, `e` edits, `x` revokes, `k` is for tokens."""

    MODE = "agents"
    CSS_PATH = "agents.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("agents")]

    @dataclass
    class Loaded(Message):
        agents: Sequence[AgentRow]
        grants: Sequence[GrantRow]
        configurations: Sequence[ConfigurationRow]

    def __init__(self) -> None:
        super().__init__()
        self._agents: dict[UUID, AgentRow] = {}
        self._grants: dict[UUID, GrantRow] = {}
        self._configurations: dict[UUID, ConfigurationRow] = {}
        self._with_revoked = False
        # What to go to with the next load.
        self._wanted_agent: UUID | None = None
        self._wanted_grant: UUID | None = None

    def compose_body(self) -> ComposeResult:
        with Container(id="body"):
            yield RowTable[UUID](present.AGENT_COLUMNS, id="agents", title="Agents")
            with Vertical(id="right"):
                yield RowTable[UUID](present.GRANT_COLUMNS, id="grants", title="Grants")
                yield FactPane(id="detail", title="Grant")

    # Loading

    async def workspace_ready(self) -> None:
        self.load()

    def on_screen_resume(self) -> None:
        if self._was_ready:
            self.load()

    @work(exclusive=True, group="load")
    async def load(self) -> None:
        workspace = self.workspace
        with self.problems_shown():
            self.post_message(
                self.Loaded(
                    agents=await workspace.agents.list(),
                    grants=await workspace.grants.list(),
                    configurations=await workspace.configurations.list(include_archived=True),
                )
            )

    @on(Loaded)
    def _show(self, event: Loaded) -> None:
        self._agents = {row.id: row for row in event.agents}
        self._grants = {row.id: row for row in event.grants}
        self._configurations = {row.id: row for row in event.configurations}
        now = self.now()
        self._agent_table.set_empty(NO_AGENTS)
        self._agent_table.set_rows(
            [present.agent_row(row, now) for row in event.agents], select=self._wanted_agent
        )
        self._show_grants(select=self._wanted_grant)
        self._wanted_agent = self._wanted_grant = None

    @on(RowTable.Highlighted, "#agents")
    def _agent_chosen(self) -> None:
        self._show_grants()

    def _show_grants(self, select: UUID | None = None) -> None:
        agent = self._agent
        now = self.now()
        rows = [
            present.grant_row(
                grant, present.daily_limit(grant, self._configurations.get(grant.smtp_config_id)), now
            )
            for grant in self._grants.values()
            if agent is not None
            and grant.agent_id == agent.id
            and (self._with_revoked or grant.revoked_at is None)
        ]
        self.query_one("#right").display = agent is not None
        table = self._grant_table
        table.set_empty(NO_GRANTS if agent else "")
        table.border_title = Content("Grants") if agent is None else inert(f"What {agent.name} may")
        table.border_subtitle = "with revoked" if self._with_revoked else ""
        table.set_rows(rows, select=select)
        self._show_detail()

    @on(RowTable.Highlighted, "#grants")
    def _show_detail(self) -> None:
        grant = self._grant
        detail = self.query_one("#detail", FactPane)
        detail.display = grant is not None
        if grant is not None:
            detail.border_title = inert(f"{grant.agent_name} → {grant.connection_name}")
            detail.set_facts(
                present.grant_facts(grant, self._configurations.get(grant.smtp_config_id), self.now())
            )
        self.refresh_bindings()

    @property
    def _agent_table(self) -> RowTable[UUID]:
        return self.query_one("#agents", RowTable)

    @property
    def _grant_table(self) -> RowTable[UUID]:
        return self.query_one("#grants", RowTable)

    @property
    def _agent(self) -> AgentRow | None:
        key = self._agent_table.key
        return None if key is None else self._agents.get(key)

    @property
    def _grant(self) -> GrantRow | None:
        key = self._grant_table.key
        return None if key is None else self._grants.get(key)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return True
        if action in ("pause", "grant", "tokens"):
            return self._agent is not None
        if action in ("edit", "revoke"):
            return self._grant is not None and self._grant.revoked_at is None
        return True

    # Agents

    def action_reload(self) -> None:
        self.load()

    @on(RowTable.Opened, "#agents")
    def _to_grants(self) -> None:
        self._grant_table.focus()

    def action_new(self) -> None:
        if self.gatepost.is_open:
            self.app.push_screen(AgentForm(row.name for row in self._agents.values()), self._agent_added)

    def _agent_added(self, agent: AgentRow | None) -> None:
        if agent is not None:
            self._wanted_agent = agent.id
            self.load()
            self.gatepost.say(f"“{agent.name}” is added. Press g to grant it something, k to make its token.")

    @work(exclusive=True, group="change")
    async def action_pause(self) -> None:
        agent = self._agent
        if agent is None:
            return
        agents = self.workspace.agents
        with self.problems_shown():
            if agent.is_active:
                await agents.pause(agent.id)
                self.gatepost.say(
                    f"“{agent.name}” is paused: nothing of it leaves. Press p again to let it go on."
                )
            else:
                await agents.resume(agent.id)
                self.gatepost.say(f"“{agent.name}” may send again.")
        self._reload_all()

    def action_tokens(self) -> None:
        if (agent := self._agent) is not None:
            self.app.push_screen(TokensScreen(agent), self._tokens_seen)

    def _tokens_seen(self, _: None) -> None:
        self.load()

    # Grants

    def action_toggle_revoked(self) -> None:
        self._with_revoked = not self._with_revoked
        self._show_grants()

    def action_grant(self) -> None:
        agent = self._agent
        if agent is None:
            return
        granted = {
            grant.smtp_config_id
            for grant in self._grants.values()
            if grant.agent_id == agent.id and grant.revoked_at is None
        }
        free = [
            row for row in self._configurations.values() if row.archived_at is None and row.id not in granted
        ]
        if free:
            self.app.push_screen(GrantForm(agent, free), self._grant_saved)
        elif granted:
            self.gatepost.say("Every configuration is granted to it already. Press e to change a grant.")
        else:
            self.gatepost.say("There is no configuration to grant yet. Press 1, then n, to add one.")

    @on(RowTable.Opened, "#grants")
    def action_edit(self) -> None:
        grant = self._grant
        if grant is not None and grant.revoked_at is None:
            agent = self._agents[grant.agent_id]
            self.app.push_screen(
                GrantForm(agent, list(self._configurations.values()), grant), self._grant_saved
            )

    def _grant_saved(self, grant: GrantRow | None) -> None:
        if grant is not None:
            self._wanted_agent, self._wanted_grant = grant.agent_id, grant.id
            self.load()
            self.gatepost.refresh_standing()
            self._grant_table.focus()

    def action_revoke(self) -> None:
        grant = self._grant
        if grant is None or grant.revoked_at is not None:
            return

        def answered(sure: bool | None) -> None:  # noqa: FBT001
            if sure:
                self._revoke(grant)

        question = f"Revoke “{sanitise(grant.connection_name)}” from {sanitise(grant.agent_name)}?"
        self.app.push_screen(
            ConfirmScreen(question, present.revoke_consequence(grant), yes="Revoke"), answered
        )

    @work(exclusive=True, group="change")
    async def _revoke(self, grant: GrantRow) -> None:
        with self.problems_shown():
            await self.workspace.grants.revoke(grant.id)
            self.gatepost.say(f"“{grant.agent_name}” can't send through “{grant.connection_name}” any more.")
        self._reload_all()

    def _reload_all(self) -> None:
        self.load()
        self.gatepost.refresh_standing()
