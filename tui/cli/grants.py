"""`gatepost grants`: what one agent may do with one configuration."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from core.errors import Conflict, NotFound
from core.values.grant import GrantFields, GrantRow
from tui.cli import wording
from tui.cli.commands import GateGroup
from tui.cli.grant_options import changed, grant_options, says_anything
from tui.cli.output import clean
from tui.cli.session import Session, pass_session
from tui.cli.table import Cell, Column, Marked, facts, table

if TYPE_CHECKING:
    from core.workspace import Workspace

F = TypeVar("F", bound=Callable[..., Any])

_SHORTEST_ID = 4
_MARKS = {"active": "sent", "off": "off", "revoked": "denied", "expired": "none"}


@click.group(cls=GateGroup)
def grants() -> None:
    """What each agent may send through which configuration.

    A grant is named by its two sides, --agent and --config, or by its id or the first characters of it.
    """


def _which(function: F) -> F:
    """The options that say which grant is meant."""
    for option in (
        click.option("--config", metavar="NAME", help="Its configuration."),
        click.option("--agent", metavar="NAME", help="Its agent."),
        click.argument("grant", required=False),
    ):
        function = option(function)
    return function


@grants.command(
    "add",
    epilog="""\
Examples:
  gatepost grants add --agent support-bot --config "Work mail" --daily 50
  gatepost grants add --agent billing-bot --config "Work mail" \\
      --allow @example.com --allow .partner.org --approval new_recipients \\
      --block ceo@example.com --attachments --expires 90d
""",
)
@click.option("--agent", required=True, metavar="NAME", help="Who may send.")
@click.option("--config", required=True, metavar="NAME", help="Through what.")
@grant_options
@pass_session
def add(session: Session, agent: str, config: str, **given: Any) -> None:
    """Let an agent send through a configuration. A grant may only lower what the configuration allows."""
    fields = changed(GrantFields(), given)

    async def work(workspace: Workspace) -> GrantRow:
        agent_row = await workspace.agents.get(agent)
        configuration = await workspace.configurations.get(config)
        return await workspace.grants.give(agent_row.id, configuration.id, fields)

    row = session.run(work)
    session.out.narrate(f"{clean(row.agent_name)} may send through {clean(row.connection_name)}.")
    _show(session, row)


@grants.command("list")
@click.option("--agent", metavar="NAME", help="Only this agent's.")
@click.option("--config", metavar="NAME", help="Only those on this configuration.")
@click.option("--all", "include_revoked", is_flag=True, help="Revoked ones too.")
@pass_session
def list_(session: Session, agent: str | None, config: str | None, *, include_revoked: bool) -> None:
    """List the grants, and what each sent today (UTC)."""

    async def work(workspace: Workspace) -> list[GrantRow]:
        return await workspace.grants.list(
            agent_id=(await workspace.agents.get(agent)).id if agent else None,
            smtp_config_id=(await workspace.configurations.get(config)).id if config else None,
            include_revoked=include_revoked,
        )

    rows = session.run(work)
    if session.as_json:
        session.out.json(rows)
        return
    if not rows:
        session.out.narrate("No grants. Give one: gatepost grants add --agent NAME --config NAME")
        return
    columns = [
        Column("Agent", least=10),
        Column("Configuration", least=12),
        Column("State"),
        Column("Today", right=True),
        Column("Of", right=True),
        Column("To", least=10),
        Column("Also", least=8),
    ]
    table(session.out, columns, [_list_row(row) for row in rows])


@grants.command("show")
@_which
@pass_session
def show(session: Session, grant: str | None, agent: str | None, config: str | None) -> None:
    """Show one grant."""
    _show(session, session.run(lambda workspace: _find(workspace, grant, agent, config)))


@grants.command(
    "edit",
    epilog="""\
Examples:
  gatepost grants edit --agent support-bot --config Work --daily none --expires never
  gatepost grants edit --agent support-bot --config Work --allow @example.com
""",
)
@_which
@grant_options
@pass_session
def edit(session: Session, grant: str | None, agent: str | None, config: str | None, **given: Any) -> None:
    """Change a grant: only what is given, everything else stays.

    --allow and --block replace the whole list that was there.
    """
    if not says_anything(given):
        raise click.UsageError("Nothing to change was given.")

    async def work(workspace: Workspace) -> GrantRow:
        row = await _find(workspace, grant, agent, config)
        return await workspace.grants.edit(row.id, changed(row.fields, given))

    row = session.run(work)
    session.out.narrate(f"Saved the grant of {clean(row.agent_name)} on {clean(row.connection_name)}.")
    _show(session, row)


@grants.command("revoke")
@_which
@click.option("--yes", is_flag=True, help="Don't ask.")
@pass_session
def revoke(session: Session, grant: str | None, agent: str | None, config: str | None, *, yes: bool) -> None:
    """Take a grant back; mail that still waits under it does not leave either."""
    row = session.run(lambda workspace: _find(workspace, grant, agent, config))
    session.confirm(
        f"Take back what {clean(row.agent_name)} may send through {clean(row.connection_name)}?", yes=yes
    )
    row = session.run(lambda workspace: workspace.grants.revoke(row.id))
    session.out.narrate(f"{clean(row.agent_name)} may no longer send through {clean(row.connection_name)}.")
    _show(session, row)


async def _find(workspace: Workspace, grant: str | None, agent: str | None, config: str | None) -> GrantRow:
    """The grant that is meant. Raises click.UsageError, NotFound, Conflict."""
    if grant is None and not (agent and config):
        raise click.UsageError("Say which grant: --agent NAME --config NAME, or its id.")
    if grant is not None and (agent or config):
        raise click.UsageError("Say which grant once: by its id, or by --agent and --config.")
    if agent and config:
        rows = await workspace.grants.list(
            agent_id=(await workspace.agents.get(agent)).id,
            smtp_config_id=(await workspace.configurations.get(config)).id,
        )
    else:
        key = (grant or "").lower().replace("-", "")
        rows = await workspace.grants.list()
        rows = [row for row in rows if len(key) >= _SHORTEST_ID and row.id.hex.startswith(key)]
    if not rows:
        raise NotFound("there is no such grant", remedy="List them: gatepost grants list --all")
    if len(rows) > 1:
        raise Conflict("several grants begin so", remedy="Give more of the id, or --agent and --config.")
    return rows[0]


def _list_row(row: GrantRow) -> tuple[Cell, ...]:
    fields = row.fields
    notes = [
        word
        for word, holds in (
            ("no sending", not fields.can_send_email),
            ("attachments", fields.can_send_attachments),
            ("own From", fields.can_use_custom_from),
            (f"approval: {fields.approval.value.replace('_', ' ')}", fields.approval.value != "never"),
            (f"ends {wording.until(fields.expires_at)}", fields.expires_at is not None),
        )
        if holds
    ]
    to = _patterns(fields.allowed_recipients, "anybody", "nobody")
    if fields.blocked_recipients:
        to += f" (not {', '.join(fields.blocked_recipients)})"
    return (
        row.agent_name,
        row.connection_name,
        _state(row),
        row.sent_today,
        fields.daily_email_limit,
        to,
        ", ".join(notes) or None,
    )


def _state(row: GrantRow) -> Marked:
    state = row.state(wording.now())
    return Marked(_MARKS[state], state)


def _patterns(patterns: tuple[str, ...] | None, unrestricted: str, empty: str) -> str:
    if patterns is None:
        return unrestricted
    return ", ".join(patterns) if patterns else empty


def _show(session: Session, row: GrantRow) -> None:
    if session.as_json:
        session.out.json(row)
        return
    fields = row.fields
    theirs = "the configuration's"
    facts(
        session.out,
        [
            ("Agent", row.agent_name),
            ("Configuration", row.connection_name),
            ("Id", str(row.id)),
            ("State", _state(row)),
            ("May send", wording.yes_no(fields.can_send_email)),
            ("Attachments", wording.yes_no(fields.can_send_attachments)),
            ("Own From", wording.yes_no(fields.can_use_custom_from)),
            ("Mails a day", theirs if fields.daily_email_limit is None else f"{fields.daily_email_limit:,}"),
            (
                "Recipients a mail",
                theirs
                if fields.recipients_per_email_limit is None
                else f"{fields.recipients_per_email_limit:,}",
            ),
            ("Only to", _patterns(fields.allowed_recipients, "anybody", "nobody")),
            ("Never to", _patterns(fields.blocked_recipients, "–", "–")),
            ("Approval", fields.approval.value.replace("_", " ")),
            ("Ends", wording.exact(fields.expires_at)),
            (
                "Today (UTC)",
                f"{row.sent_today:,} mails to {wording.plural(row.recipients_today, 'recipient')}",
            ),
            ("Given", wording.exact(row.granted_at)),
            ("Revoked", wording.exact(row.revoked_at) if row.revoked_at else None),
        ],
    )
