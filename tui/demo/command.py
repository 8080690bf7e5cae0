"""`gatepost demo`: the whole of Gatepost, offline and full of life, in a workspace that ends with it."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from tui.cli.commands import GateCommand
from tui.cli.exit_codes import ExitCode
from tui.cli.session import Session, pass_session
from tui.demo.endings import ended_by_signals

HEADLESS_MESSAGES = 200
LIVE_RATE = 1.0

EPILOG = """\
Examples:
  gatepost demo                                     the dashboard; ctrl+q leaves, and nothing is left behind
  gatepost demo --rate 5                            the same in a hurry
  gatepost demo --headless --messages 200 --json    no screen: counts, and whether both sides agree
"""


@click.command(cls=GateCommand, workspace=False, epilog=EPILOG)
@click.option(
    "--headless", is_flag=True, help="No screen: send, count, compare with the capture server, end."
)
@click.option(
    "--messages",
    metavar="N",
    type=click.IntRange(min=1),
    help=f"Send so many mails.  [default: {HEADLESS_MESSAGES} with --headless, else without end]",
)
@click.option(
    "--rate",
    metavar="R",
    type=click.FloatRange(min=0.01, max=1000),
    help=f"Mails in a second, on average.  [default: {LIVE_RATE:g}; with --headless as fast as they go]",
)
@click.option(
    "--seed", metavar="S", type=int, default=1, show_default=True, help="The same seed, the same mails."
)
@click.option(
    "--keep",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep workspace, key and captured mail in this folder, which must be empty.",
)
@click.option(
    "--user", metavar="EMAIL", help="Whose workspace the dashboard shows: ada@example.com, grace@example.org."
)
@pass_session
def demo(
    session: Session,
    headless: bool,  # noqa: FBT001 (click's)
    messages: int | None,
    rate: float | None,
    seed: int,
    keep: Path | None,
    user: str | None,
) -> None:
    """A workspace full of life, with agents that keep sending and a capture server that takes their mail.

    Everything is real but the recipients: policy, quotas, vault, log, and SMTP to a server on 127.0.0.1. Nothing
    leaves this machine, your own workspace is not touched, and all of it is removed at the end.
    """
    if session.as_json and not headless:
        raise click.UsageError("--json prints the counts of a run without a screen. Add --headless.")
    if headless and user is not None:
        raise click.UsageError("--user chooses whose dashboard to show, and --headless shows none.")
    if not headless and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("The dashboard needs a terminal, and here is none. Add --headless.")

    async def work(folder: Path) -> int:
        if headless:
            return await _headless(session, folder, messages or HEADLESS_MESSAGES, seed, rate)
        from tui.demo.live import show

        return await show(folder, user=user, messages=messages, seed=seed, rate=rate or LIVE_RATE)

    try:
        code = asyncio.run(_in_folder(keep, work))
    except asyncio.CancelledError as error:
        raise click.Abort from error
    if keep is not None:
        _tell_where(session, keep)
    if code:
        session.finish(ExitCode.FAILED)


async def _headless(session: Session, folder: Path, messages: int, seed: int, rate: float | None) -> int:
    from tui.demo.headless import perform, summary

    report = await perform(folder, messages=messages, seed=seed, rate=rate)
    if session.as_json:
        session.out.json(report.as_json())
    else:
        for line in summary(report):
            session.out.data(line)
    return 0 if report.agree else 1


async def _in_folder(keep: Path | None, work: Callable[[Path], Awaitable[int]]) -> int:
    """Await `work` with the demo's folder. A signal to end cancels it, so that the folder is removed."""
    task = asyncio.current_task()
    assert task is not None
    with ended_by_signals(task.cancel), _folder(keep) as folder:
        return await work(folder)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """Where the demo lives: a folder of its own that is removed, or the one that is to be kept."""
    if keep is None:
        # Somebody's virus scanner may hold a file; the demo is over all the same.
        with tempfile.TemporaryDirectory(prefix="gatepost-demo-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
        return
    keep.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(keep.iterdir()):
        raise click.UsageError(f"{keep} is not empty. Name a folder that is, or one that is not there yet.")
    yield keep.absolute()


def _tell_where(session: Session, folder: Path) -> None:
    from tui.demo.stage import Paths

    paths = Paths(folder=folder.absolute())
    session.out.narrate(f"Kept in {paths.folder}. To look at it again:")
    session.out.narrate(
        f"  gatepost --database {paths.workspace} --key-file {paths.key} --user ada@example.com"
    )
