"""`gatepost agents`: the programs that send on the user's behalf, and the tokens they are known by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from core.errors import Conflict, NotFound
from core.values.agent import AgentRow, NewToken, TokenRow
from tui.cli import wording
from tui.cli.commands import GateGroup
from tui.cli.encode import token_state
from tui.cli.output import clean
from tui.cli.params import Expiry, Given
from tui.cli.session import Session, pass_session
from tui.cli.table import Column, Marked, facts, table

if TYPE_CHECKING:
    from core.workspace import Workspace

_SHORTEST_ID = 4


@click.group(cls=GateGroup)
def agents() -> None:
    """The programs that send on your behalf.

    An agent may send nothing before it has a grant (gatepost grants add). NAME is an agent's name, its id, or
    the first characters of its id.
    """


@agents.command("add")
@click.argument("name")
@click.option("--description", metavar="TEXT", help="What it is for.")
@pass_session
def add(session: Session, name: str, description: str | None) -> None:
    """Add an agent called NAME."""
    row = session.run(lambda workspace: workspace.agents.create(name, description), create=True)
    session.out.narrate(f"Added {clean(row.name)}. Let it send: gatepost grants add --agent … --config …")
    _show(session, row)


@agents.command("list")
@pass_session
def list_(session: Session) -> None:
    """List the agents."""
    rows = session.run(lambda workspace: workspace.agents.list())
    if session.as_json:
        session.out.json(rows)
        return
    if not rows:
        session.out.narrate("No agents yet. Add one: gatepost agents add NAME")
        return
    columns = [
        Column("Name", least=12),
        Column("State"),
        Column("Grants", right=True),
        Column("Tokens", right=True),
        Column("Last used"),
        Column("Description", least=10),
    ]
    table(
        session.out,
        columns,
        [
            (row.name, _state(row), row.grants, row.tokens, wording.ago(row.last_used_at), row.description)
            for row in rows
        ],
    )


@agents.command("show")
@click.argument("name")
@pass_session
def show(session: Session, name: str) -> None:
    """Show one agent."""
    _show(session, session.run(lambda workspace: workspace.agents.get(name)))


@agents.command("pause")
@click.argument("name")
@pass_session
def pause(session: Session, name: str) -> None:
    """Let nothing of an agent leave until it is resumed."""

    async def work(workspace: Workspace) -> AgentRow:
        return await workspace.agents.pause((await workspace.agents.get(name)).id)

    row = session.run(work)
    session.out.narrate(f"Paused {clean(row.name)}: nothing of it leaves.")
    _show(session, row)


@agents.command("resume")
@click.argument("name")
@pass_session
def resume(session: Session, name: str) -> None:
    """Let a paused agent send again, within its grants."""

    async def work(workspace: Workspace) -> AgentRow:
        return await workspace.agents.resume((await workspace.agents.get(name)).id)

    row = session.run(work)
    session.out.narrate(f"Resumed {clean(row.name)}: it may send within its grants.")
    _show(session, row)


@agents.group("token", cls=GateGroup)
def token() -> None:
    """The tokens with which an agent proves who it is."""


@token.command(
    "create",
    epilog="""\
Examples:
  gatepost agents token create support-bot --name laptop --expires 90d
  TOKEN=$(gatepost agents token create support-bot --json | jq -r .token)
""",
)
@click.argument("agent")
@click.option("--name", default="token", show_default=True, help="To recognise it by.")
@click.option("--expires", "expires_at", type=Expiry(), help="30d, 2026-12-31 or never.  [default: never]")
@pass_session
def create(session: Session, agent: str, name: str, expires_at: Given[datetime] | None) -> None:
    """Make a token for AGENT. It is printed this once, on stdout, and can't be read again."""

    async def work(workspace: Workspace) -> NewToken:
        row = await workspace.agents.get(agent)
        return await workspace.agents.create_token(row.id, name, expires_at.value if expires_at else None)

    made = session.run(work)
    if session.as_json:
        session.out.json(made)
        return
    session.out.data(made.token)
    ends = wording.exact(made.row.expires_at)
    session.out.narrate(f"Keep it now: it is not shown again. It ends: {ends}.")


@token.command("list")
@click.argument("agent")
@pass_session
def list_tokens(session: Session, agent: str) -> None:
    """List the tokens of AGENT, newest first."""

    async def work(workspace: Workspace) -> Sequence[TokenRow]:
        return await workspace.agents.tokens((await workspace.agents.get(agent)).id)

    rows = session.run(work)
    if session.as_json:
        session.out.json(rows)
        return
    if not rows:
        session.out.narrate("No tokens yet. Make one: gatepost agents token create AGENT")
        return
    columns = [
        Column("Name", least=8),
        Column("Begins"),
        Column("State"),
        Column("Ends"),
        Column("Last used"),
        Column("Made"),
        Column("Id"),
    ]
    table(
        session.out,
        columns,
        [
            (
                row.name,
                f"{row.hint}…",
                Marked(_TOKEN_MARKS[token_state(row, wording.now())], token_state(row, wording.now())),
                wording.until(row.expires_at),
                wording.ago(row.last_used_at),
                wording.ago(row.created_at),
                str(row.id),
            )
            for row in rows
        ],
    )


@token.command("revoke")
@click.argument("agent")
@click.argument("token")
@click.option("--yes", is_flag=True, help="Don't ask.")
@pass_session
def revoke(session: Session, agent: str, token: str, *, yes: bool) -> None:
    """End a token of AGENT. TOKEN is its name, its first characters as listed, or its id."""

    async def work(workspace: Workspace) -> TokenRow:
        return _find_token(await workspace.agents.tokens((await workspace.agents.get(agent)).id), token)

    row = session.run(work)
    session.confirm(
        f"Revoke the token {clean(row.name)} ({clean(row.hint)}…)? Whoever uses it is turned away.", yes=yes
    )
    row = session.run(lambda workspace: workspace.agents.revoke_token(row.id))
    session.out.narrate(f"Revoked {clean(row.name)} ({clean(row.hint)}…): it opens nothing any more.")
    if session.as_json:
        session.out.json(row)


_TOKEN_MARKS = {"active": "sent", "revoked": "denied", "expired": "none"}


def _find_token(rows: Sequence[TokenRow], wanted: str) -> TokenRow:
    """The one that is meant. A whole token is refused: it would stay in the shell's history."""
    fitting = [row for row in rows if wanted in (row.name, row.hint, str(row.id))]
    if not fitting and len(wanted) >= _SHORTEST_ID:
        key = wanted.lower().replace("-", "")
        fitting = [row for row in rows if row.id.hex.startswith(key)]
    if len(fitting) > 1:
        in_force = [row for row in fitting if row.revoked_at is None]
        if len(in_force) != 1:
            raise Conflict("several tokens are called so", remedy="Name it by its id, as listed.")
        return in_force[0]
    if not fitting:
        remedy = "List them: gatepost agents token list AGENT. Name it by name, id or first characters."
        raise NotFound("the agent has no such token", remedy=remedy)
    return fitting[0]


def _state(row: AgentRow) -> Marked:
    return Marked("sent", "active") if row.is_active else Marked("off", "paused")


def _show(session: Session, row: AgentRow) -> None:
    if session.as_json:
        session.out.json(row)
        return
    facts(
        session.out,
        [
            ("Name", row.name),
            ("Id", str(row.id)),
            ("State", _state(row)),
            ("Description", row.description),
            ("Grants", f"{row.grants:,} in force"),
            ("Tokens", f"{row.tokens:,} in force"),
            ("Last used", wording.exact(row.last_used_at)),
            ("Created", wording.exact(row.created_at)),
        ],
    )
