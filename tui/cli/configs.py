"""`gatepost configs`: where mail leaves, and as whom."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from core.values.configuration import (
    AuthMechanism,
    ConfigurationRow,
    TestReport,
)
from core.vault.secret import Secret
from tui.cli.commands import GateGroup
from tui.cli.config_options import changed, configuration_options, fresh
from tui.cli.config_views import server, show_report, show_row, state
from tui.cli.exit_codes import ExitCode
from tui.cli.output import clean
from tui.cli.passwords import PASSWORD_VARIABLE, asked_password, given_password, password_options
from tui.cli.session import Session, pass_session
from tui.cli.table import Column, table

if TYPE_CHECKING:
    from core.workspace import Workspace


@click.group(cls=GateGroup)
def configs() -> None:
    """Where mail leaves: SMTP configurations.

    NAME is a configuration's name, its id, or the first characters of its id.
    """


@configs.command(
    "add",
    epilog="""\
Examples:
  gatepost configs add "Work mail" --preset gmail --username me@gmail.com
  pass show mail | gatepost configs add Work --host smtp.example.com \\
      --username me@example.com --password-stdin
  gatepost configs add Local --preset capture --from-email me@example.com
""",
)
@click.argument("name")
@configuration_options
@password_options
@pass_session
def add(session: Session, name: str, **given: Any) -> None:
    """Add a configuration called NAME.

    Its password is asked for, or taken from --password-stdin, --password-env or GATEPOST_PASSWORD.
    It is kept encrypted in the vault.
    """
    from core.errors import InvalidInput
    from core.values.configuration_check import check_configuration

    fields = fresh(name, given)
    if problems := check_configuration(fields):  # before anybody types a password in vain
        raise InvalidInput(problems)
    password = given_password(from_stdin=given["password_stdin"], variable=given["password_env"])
    if password is None and fields.auth_mechanism is not AuthMechanism.NONE:
        from_environment = os.environ.get(PASSWORD_VARIABLE)
        password = Secret(from_environment) if from_environment else asked_password(session)
    row = session.run(lambda workspace: workspace.configurations.create(fields, password), create=True)
    session.out.narrate(f"Added {clean(row.name)}. Try it: gatepost configs test {quoted(row.name)}")
    show_row(session, row)


@configs.command("list")
@click.option("--all", "include_archived", is_flag=True, help="Archived ones too.")
@pass_session
def list_(session: Session, *, include_archived: bool) -> None:
    """List the configurations, and what each sent today (UTC)."""
    rows = session.run(lambda workspace: workspace.configurations.list(include_archived=include_archived))
    if session.as_json:
        session.out.json(rows)
        return
    if not rows:
        session.out.narrate("No configurations yet. Add one: gatepost configs add NAME --preset …")
        return
    table(
        session.out,
        [
            Column("Name", least=12),
            Column("Server", least=16),
            Column("From", least=12),
            Column("State", least=8),
            Column("Today", right=True),
            Column("Of", right=True),
        ],
        [
            (
                row.name,
                server(row),
                row.fields.from_email,
                state(row),
                row.sent_today,
                row.fields.max_emails_per_day,
            )
            for row in rows
        ],
    )


@configs.command("show")
@click.argument("name")
@pass_session
def show(session: Session, name: str) -> None:
    """Show everything about one configuration, except its password."""
    show_row(session, session.run(lambda workspace: workspace.configurations.get(name)))


@configs.command(
    "edit",
    epilog="""\
Examples:
  gatepost configs edit "Work mail" --daily 500 --name Office
  gatepost configs edit Office --ask-password
  gatepost configs edit Office --from-name ''          takes the sender's name away
""",
)
@click.argument("name")
@click.option("--name", "connection_name", metavar="NEW", help="A new name.")
@configuration_options
@click.option("--no-ca", is_flag=True, help="Trust the system's authorities again.")
@password_options
@click.option("--ask-password", is_flag=True, help="Ask for a new password.")
@pass_session
def edit(session: Session, name: str, **given: Any) -> None:
    """Change a configuration: only what is given, everything else stays.

    The password stays too unless --ask-password, --password-stdin or --password-env gives another.
    """
    password = given_password(from_stdin=given["password_stdin"], variable=given["password_env"])
    if given["ask_password"]:
        if password is not None:
            raise click.UsageError("Give the password once: --ask-password or one of the others.")
        password = asked_password(session)
    if given["no_ca"]:
        given["ca_certificate"] = ""
    if password is None and not _says_anything(given):
        raise click.UsageError("Nothing to change was given.")

    async def work(workspace: Workspace) -> ConfigurationRow:
        row = await workspace.configurations.get(name)
        return await workspace.configurations.edit(row.id, changed(row.fields, given), password)

    row = session.run(work)
    session.out.narrate(f"Saved {clean(row.name)}.")
    show_row(session, row)


@configs.command("test")
@click.argument("name")
@pass_session
def test(session: Session, name: str) -> None:
    """Walk the way to the server step by step, up to the login. Nothing is sent.

    Ends with 1 when a step failed.
    """

    async def work(workspace: Workspace) -> TestReport:
        row = await workspace.configurations.get(name)
        session.out.narrate(f"Testing {clean(row.name)}: {clean(server(row))} …")
        return await workspace.configurations.test(row.id)

    report = session.run(work)
    if session.as_json:
        session.out.json(report)
    else:
        show_report(session.out, report)
    session.finish(ExitCode.DONE if report.ok else ExitCode.FAILED)


@configs.command("archive")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Don't ask.")
@pass_session
def archive(session: Session, name: str, *, yes: bool) -> None:
    """Retire a configuration for good: its password is destroyed, its log is kept."""

    async def find(workspace: Workspace) -> ConfigurationRow:
        return await workspace.configurations.get(name)

    row = session.run(find)
    session.confirm(
        f"Archive {clean(row.name)}? Its password is destroyed and nothing leaves through it any more; "
        "its log is kept.",
        yes=yes,
    )
    row = session.run(lambda workspace: workspace.configurations.archive(row.id))
    session.out.narrate(f"Archived {clean(row.name)}.")
    show_row(session, row)


@configs.command("presets", workspace=False)
@pass_session
def presets(session: Session) -> None:
    """List the providers that --preset knows, and the one thing to know about each."""
    from tui.presets import PRESETS

    if session.as_json:
        session.out.json(PRESETS)
        return
    columns = [Column("Preset"), Column("Provider"), Column("Server"), Column("Note", least=20)]
    rows = [
        (item.id, item.title, f"{item.host}:{item.port}" if item.host else None, item.note)
        for item in PRESETS
    ]
    table(session.out, columns, rows)


def quoted(name: str) -> str:
    """A name as it is typed in a shell."""
    import shlex

    return clean(shlex.quote(name))


def _says_anything(given: Mapping[str, Any]) -> bool:
    return any(
        value not in (None, False) or (name == "is_active" and value is False)
        for name, value in given.items()
    )
