"""`gatepost logs`: every attempt to send, as a list or as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from core.values.operation import LogFilter, OperationRow, OperationType, Outcome
from tui.cli import wording
from tui.cli.commands import GateGroup, json_option, workspace_options
from tui.cli.exit_codes import ExitCode
from tui.cli.log_views import Printer, show_row
from tui.cli.params import Words
from tui.cli.session import Session, pass_session

if TYPE_CHECKING:
    from core.workspace import Workspace

_PAGE = 500
# How often a follower looks whether its reader is still there (seconds).
_LOOK = 0.5


@click.group(
    cls=GateGroup,
    invoke_without_command=True,
    params=[json_option(), *workspace_options(hidden=True)],
    epilog="""\
Examples:
  gatepost logs --status denied --since 2h
  gatepost logs --follow --agent billing-bot
  gatepost logs --filter 'status:denied via:"Work mail" since:today rival.test'
  gatepost logs --since 1d --limit 10000 --json | jq -r '.[].error_code'

With --json it prints an array; with --follow one object a line, each written
at once. Ctrl-C ends following with exit code 0; so does a reader that closes
the pipe. Times are UTC.
""",
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what happens from now on.")
@click.option("--agent", metavar="NAME", help="Only this agent's.")
@click.option("--config", metavar="NAME", help="Only those through this configuration.")
@click.option("--status", type=Words(Outcome), multiple=True, help="Only these outcomes. Repeatable.")
@click.option(
    "--type", "kind", type=click.Choice(["send", "test"]), help="Only mails, or only connection tests."
)
@click.option("--text", metavar="WORDS", help="Only where recipients, subject or error hold this.")
@click.option("--since", metavar="WHEN", help="30m, 2h, 7d, today, 14:30, 2026-03-01.")
@click.option("--until", metavar="WHEN", help="The same; what was before it.")
@click.option("--filter", "typed", metavar="FILTER", help="A filter as the dashboard's log takes it.")
@click.option(
    "--limit", type=click.IntRange(min=0), metavar="N", help="The newest N.  [default: 50; 10 with --follow]"
)
@click.pass_context
@pass_session
def logs(session: Session, ctx: click.Context, **given: Any) -> None:
    """Every attempt to send, oldest first: sent, held, denied, failed and unknown alike."""
    if ctx.invoked_subcommand is not None:
        return
    session.command = ctx.command
    if not given["follow"]:
        rows = session.run(lambda workspace: _newest(workspace, given))
        if session.as_json:
            session.out.json(rows)
        elif rows:
            Printer(session).table(rows)
        else:
            session.out.narrate("Nothing in the log fits.")
        return
    session.json_lines = True
    try:
        session.run(lambda workspace: _follow(session, workspace, given))
    except KeyboardInterrupt:
        session.finish(ExitCode.DONE)


@logs.command("show")
@click.argument("operation", type=click.UUID)
@pass_session
def show(session: Session, operation: UUID) -> None:
    """Show one row of the log with everything it holds. OPERATION is its id, as --json and send print it."""
    row = session.run(lambda workspace: workspace.log.get(operation))
    if session.as_json:
        session.out.json(row)
        return
    show_row(session.out, row)


async def _wanted(workspace: Workspace, given: dict[str, Any]) -> LogFilter:
    """The filter that the options mean. Raises click.UsageError, NotFound."""
    from tui.log_filter import FilterError, Names, parse_filter, quoted

    words = [f"{key}:{quoted(given[key])}" for key in ("since", "until") if given[key]]
    names = Names(agents={}, configurations={})
    if given["typed"]:
        names = Names(
            agents={row.name: row.id for row in await workspace.agents.list()},
            configurations={
                row.name: row.id for row in await workspace.configurations.list(include_archived=True)
            },
        )
        words.append(given["typed"])
    try:
        wanted = parse_filter(" ".join(words), names=names, now=wording.now())
    except FilterError as error:
        raise click.UsageError(f"The filter can't be meant so: {error}") from None
    if given["agent"]:
        wanted = replace(wanted, agent_id=(await workspace.agents.get(given["agent"])).id)
    if given["config"]:
        wanted = replace(wanted, smtp_config_id=(await workspace.configurations.get(given["config"])).id)
    if given["kind"]:
        kind = OperationType.SEND_EMAIL if given["kind"] == "send" else OperationType.TEST_CONNECTION
        wanted = replace(wanted, operation_type=kind)
    return replace(
        wanted,
        outcomes=wanted.outcomes | set(given["status"]),
        text=" ".join(filter(None, (wanted.text, given["text"]))),
    )


async def _newest(workspace: Workspace, given: dict[str, Any]) -> list[OperationRow]:
    """The newest rows that fit, oldest first."""
    return await _pages(
        workspace, await _wanted(workspace, given), 50 if given["limit"] is None else given["limit"]
    )


async def _pages(workspace: Workspace, wanted: LogFilter, limit: int) -> list[OperationRow]:
    rows: list[OperationRow] = []
    while len(rows) < limit:
        asked = min(_PAGE, limit - len(rows))
        page = await workspace.log.page(wanted, before=rows[-1].position if rows else None, limit=asked)
        rows.extend(page)
        if len(page) < asked:
            break
    return rows[::-1]


async def _follow(session: Session, workspace: Workspace, given: dict[str, Any]) -> None:
    """Print the last rows and then every new one, until the reader goes away or somebody stops it."""
    wanted = await _wanted(workspace, given)
    head = await workspace.log.head()
    earlier = await _pages(workspace, wanted, 10 if given["limit"] is None else given["limit"])
    printer = Printer(session)
    printer.rows([row for row in earlier if row.position <= head])
    batches = workspace.log.follow(wanted, head)
    coming: asyncio.Task[list[OperationRow]] | None = None
    try:
        while not session.out.reader_is_gone():
            coming = coming or asyncio.ensure_future(_next(batches))
            done, _ = await asyncio.wait({coming}, timeout=_LOOK)
            if done:
                batch, coming = coming.result(), None
                printer.rows(batch)
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


async def _next(batches: AsyncIterator[list[OperationRow]]) -> list[OperationRow]:
    return await anext(batches)
