"""The command `gatepost` itself: its options, its list of commands, and how every run ends."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from tui.cli.commands import Entry, LateGroup, workspace_options
from tui.cli.exit_codes import MEANINGS
from tui.cli.failures import report
from tui.cli.session import Session, pass_session

SECTIONS = {
    "Set up": {
        "configs": Entry(
            "tui.cli.configs:configs", "Where mail leaves: SMTP configurations and their passwords."
        ),
        "agents": Entry("tui.cli.agents:agents", "The programs that send on your behalf, and their tokens."),
        "grants": Entry("tui.cli.grants:grants", "What each agent may send through which configuration."),
        "users": Entry("tui.cli.users:users", "The people who share a workspace."),
    },
    "Mail": {
        "explain": Entry("tui.cli.mail:explain", "Would this mail be allowed, and by which rules?"),
        "send": Entry("tui.cli.mail:send", "Send a mail as an agent, through the policy."),
        "logs": Entry("tui.cli.logs:logs", "Every attempt to send; --follow shows them as they happen."),
    },
    "Try it offline": {
        "demo": Entry("tui.demo.command:demo", "A workspace full of life, with its own capture server."),
        "capture": Entry("tui.cli.capture:capture", "The capture server: takes mail instead of the world."),
    },
    "Shell": {
        "completion": Entry(
            "tui.cli.completion:completion", "The script that completes gatepost's commands."
        ),
    },
}

EPILOG = """\
Exit codes:
{codes}

Data is written to stdout, narration and errors to stderr. With --json, which
every command takes, results and errors are JSON on stdout; an error is
{{"error": {{"code", "message", "remedy", "problems"}}}}. NO_COLOR is respected.

First steps:
  gatepost demo                                        look around, offline
  gatepost configs add Work --preset gmail --username me@gmail.com
  gatepost agents add support-bot
  gatepost grants add --agent support-bot --config Work --allow @example.com
  gatepost send --agent support-bot --config Work --to kim@example.com \\
      --subject Hello --text Hi
"""


class RootGroup(LateGroup):
    """`gatepost`: turns every end of a run into an exit code, and every error into words."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 (click's)
        windows_expand_args: bool = True,  # noqa: FBT001, FBT002 (click's)
        **extra: Any,
    ) -> Any:
        """Run and end the process, as click's `main`, with Gatepost's own report of errors."""
        session = Session()
        given = list(sys.argv[1:] if args is None else args)
        try:
            code: Any = super().main(
                given,
                prog_name or "gatepost",
                complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                obj=session,
                **extra,
            )
        except Exception as error:  # noqa: BLE001 (the one place: no traceback reaches a person)
            sys.exit(report(error, session, as_json=session.as_json or _asked_for_json(error, given)))
        except KeyboardInterrupt as error:
            sys.exit(report(error, session, as_json=session.as_json))
        sys.exit(code if isinstance(code, int) else 0)


def _asked_for_json(error: Exception, args: Sequence[str]) -> bool:
    """Whether `--json` stood on a command line that could not be read to its end."""
    if not isinstance(error, click.UsageError):
        return False
    command = error.ctx.command if error.ctx else None
    if command is None or isinstance(command, click.Group):
        return "--json" in args
    return "--json" in args and any(parameter.name == "as_json" for parameter in command.params)


def _show_version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 (click's)
    if value and not ctx.resilient_parsing:
        ctx.ensure_object(Session).out.data(f"gatepost {_version()}")
        ctx.exit()


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("gatepost")
    except PackageNotFoundError:
        return "(not installed: run from its sources)"


@click.command(
    cls=RootGroup,
    sections=SECTIONS,
    invoke_without_command=True,
    no_args_is_help=False,
    params=workspace_options(hidden=False),
    epilog=EPILOG.format(codes="\n".join(f"  {code:>3}  {words}" for code, words in MEANINGS.items())),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Print the version and end.",
)
@click.pass_context
@pass_session
def cli(session: Session, ctx: click.Context) -> None:
    """Gatepost: the one controlled exit for mail that AI agents send.

    Without a command it opens the dashboard on your own workspace, which is made on the first run. The
    options below may also stand after a command.
    """
    if ctx.invoked_subcommand is None:
        from tui.cli.dashboard import run_dashboard

        run_dashboard(session)
