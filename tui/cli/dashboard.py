"""`gatepost` without a command: the dashboard on the user's workspace."""

from __future__ import annotations

import sys

import click

from tui.cli.exit_codes import ExitCode
from tui.cli.session import Session


def run_dashboard(session: Session) -> None:
    """Open the dashboard and stay until it is left. Raises click.UsageError where there is no terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError(
            "The dashboard needs a terminal, and here is none. Name a command; gatepost --help lists them."
        )
    from tui.app import GatepostApp
    from tui.cli.capture_store import open_store

    # A database on a server is there already, empty perhaps; a path that leads nowhere is more likely mistyped.
    create = session.database is None or session.database.startswith("postgres")
    app = GatepostApp(
        lambda: session.open(create=create, is_quiet=True), capture=lambda: open_store(None, create=True)
    )
    app.run()
    if app.return_code:
        session.finish(ExitCode.FAILED)
