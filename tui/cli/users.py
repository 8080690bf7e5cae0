"""`gatepost users`: the people who share a workspace."""

from __future__ import annotations

import asyncio

import click

from tui.cli.commands import GateGroup
from tui.cli.output import clean
from tui.cli.session import Session, pass_session
from tui.cli.table import Column, table


@click.group(cls=GateGroup)
def users() -> None:
    """The people who share a workspace; --user EMAIL says which of them you are.

    Each has configurations, agents, grants and a log of their own.
    """


@users.command("add")
@click.argument("email")
@click.option("--name", metavar="NAME", help="The name to show.")
@pass_session
def add(session: Session, email: str, name: str | None) -> None:
    """Add a user to an existing workspace."""
    from core.workspace import add_user

    row = asyncio.run(add_user(session.database, email, name))
    session.out.narrate(f"Added {clean(row.email)}. Work as them: gatepost --user {clean(row.email)} …")
    if session.as_json:
        session.out.json(row)


@users.command("list")
@pass_session
def list_(session: Session) -> None:
    """List the users of the workspace."""
    from core.workspace import list_users

    rows = asyncio.run(list_users(session.database))
    if session.as_json:
        session.out.json(rows)
        return
    table(
        session.out,
        [Column("Email", least=12), Column("Name")],
        [(row.email, row.display_name) for row in rows],
    )
