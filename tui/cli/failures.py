"""The one place where an error becomes a sentence with its remedy, a JSON object and an exit code.

Without `--json` a person reads it on stderr. With `--json` it is an object on stdout, where the program that
asked is reading. No traceback reaches anybody unless GATEPOST_DEBUG=1.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from core.errors import FieldProblem, GatepostError, InvalidInput
from tui.cli import encode
from tui.cli.exit_codes import ExitCode
from tui.cli.output import clean, clean_lines
from tui.cli.session import Session

DEBUG_VARIABLE = "GATEPOST_DEBUG"

_OWN_ROOMS = ("core", "gateway", "dev_server", "tui", "sample_data")

_OS_REMEDIES = {
    errno.ENOENT: "Check the spelling of the path.",
    errno.EACCES: "Check who may read and write it; ports below 1024 are for the administrator.",
    errno.EPERM: "Check who may read and write it.",
    errno.EISDIR: "Name a file, not a folder.",
    errno.ENOTDIR: "Name a folder, not a file.",
    errno.ENOSPC: "Free some space on that disk.",
    errno.EROFS: "Choose a place that can be written.",
    errno.EADDRINUSE: "Another program listens there. Choose another --port, or --port 0 for a free one.",
    errno.EADDRNOTAVAIL: "This machine has no such address. Choose another --host.",
}


# What the capture server advises without knowing our options.
_CAPTURE_REMEDIES = {
    "remote_refused": "Use --host 127.0.0.1, or --allow-remote if the network is yours.",
    "port_in_use": "Choose another --port (0 takes any free one), or stop the program that holds it.",
    "store_missing": "Check --store, or start a capture server there first: gatepost capture serve",
    "message_missing": "Use one of the numbers of: gatepost capture list",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What is said about an error, and how the program ends."""

    code: str
    message: str
    remedy: str = ""
    problems: tuple[FieldProblem, ...] = ()
    exit_code: int = ExitCode.FAILED


def failure(error: BaseException, session: Session) -> Failure:
    """What to say about `error`. Never its own text where we don't know that it holds no secret."""
    match error:
        case InvalidInput():
            problems = tuple(_as_options(error.problems, session.command))
            return Failure(
                code=error.code,
                message="; ".join(f"{problem.field}: {problem.message}" for problem in problems),
                remedy=error.remedy,
                problems=problems,
                exit_code=error.exit_code,
            )
        case GatepostError():
            return Failure(
                code=error.code, message=str(error), remedy=error.remedy, exit_code=error.exit_code
            )
        case click.UsageError():
            return Failure(
                code="usage",
                message=error.format_message(),
                remedy=f"Try: {error.ctx.command_path} --help" if error.ctx else "Try: gatepost --help",
                exit_code=ExitCode.USAGE,
            )
        case click.ClickException():
            return Failure(code="error", message=error.format_message())
        case click.Abort() | KeyboardInterrupt() | EOFError():
            return Failure(
                code="interrupted",
                message="Interrupted.",
                remedy="If a mail was under way, gatepost logs says what became of it.",
                exit_code=ExitCode.INTERRUPTED,
            )
        case ModuleNotFoundError():
            return Failure(
                code="installation",
                message=f"A part of Gatepost is not installed: {error.name}.",
                remedy="Install it anew, with everything it stands on: pip install --force-reinstall gatepost",
            )
        case OSError():
            return _os_failure(error)
        case _:
            return _foreign(error) or _unforeseen(error)


def _os_failure(error: OSError) -> Failure:
    what = error.strerror or type(error).__name__
    where = f"{error.filename}: " if isinstance(error.filename, str | os.PathLike) else ""
    return Failure(code="os", message=f"{where}{what}", remedy=_OS_REMEDIES.get(error.errno or 0, ""))


def _foreign(error: BaseException) -> Failure | None:
    """An error of the capture server, which knows nothing of core's tree but speaks as it does."""
    if not type(error).__module__.startswith("dev_server"):
        return None
    code = getattr(error, "code", None)
    remedy = getattr(error, "remedy", None)
    return Failure(
        code=code if isinstance(code, str) else "capture",
        message=str(error),
        remedy=_CAPTURE_REMEDIES.get(str(code), remedy if isinstance(remedy, str) else ""),
        exit_code=getattr(error, "exit_code", ExitCode.FAILED),
    )


def _unforeseen(error: BaseException) -> Failure:
    """A mistake of ours: its kind and place, not its text, which may quote whatever was in hand."""
    place = ""
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        room = next((part for part in path.parts[::-1] if part in _OWN_ROOMS), None)
        if room is not None:
            inside = path.parts[len(path.parts) - 1 - path.parts[::-1].index(room) :]
            place = f" at {'/'.join(inside)}:{frame.lineno}"
    return Failure(
        code="unforeseen",
        message=f"Gatepost met something it did not foresee: {type(error).__name__}{place}.",
        remedy=f"Please report it. {DEBUG_VARIABLE}=1 shows the traceback, which may quote private data.",
    )


def _as_options(problems: Sequence[FieldProblem], command: click.Command | None) -> list[FieldProblem]:
    """Problems with the fields named as this command's options are, `to[1]` as `--to[1]`."""
    names = {}
    for parameter in command.params if command else ():
        if isinstance(parameter, click.Option) and parameter.name:
            names[parameter.name] = max(parameter.opts, key=len)
    shown = []
    for problem in problems:
        name, bracket, rest = problem.field.partition("[")
        shown.append(replace(problem, field=f"{names[name]}{bracket}{rest}") if name in names else problem)
    return shown


def report(error: BaseException, session: Session, *, as_json: bool) -> int:
    """Write what `failure` says where it belongs; the exit code."""
    if os.environ.get(DEBUG_VARIABLE) == "1" and not isinstance(error, click.ClickException | click.Abort):
        traceback.print_exception(error, file=sys.stderr)
    out = session.out
    said = failure(error, session)
    if as_json and not out.failed:
        out.json(
            encode.error(said.code, said.message, said.remedy, said.problems),
            line=session.json_lines,
        )
        return said.exit_code
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        out.narrate(error.format_message())  # the help of a group that was called without a command
        return said.exit_code
    if said.problems:
        out.narrate("Error: this can't be done as it was asked:", colour="red")
        for problem in said.problems:
            what = _sentence(clean(problem.message))
            out.narrate(f"  {clean(problem.field)}: {what} {clean(problem.remedy)}".rstrip())
        return said.exit_code
    # click lays out its own messages on several lines
    message = clean_lines(said.message) if isinstance(error, click.ClickException) else clean(said.message)
    out.narrate(f"Error: {_sentence(message)}", colour="red")
    if said.remedy:
        out.narrate(clean(said.remedy))
    return said.exit_code


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."
