"""How a password reaches the command line: a prompt, stdin or an environment variable; never an argument.

Arguments are visible to every process of the machine and stay in the shell's history.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from core.vault.secret import Secret
from tui.cli.session import Session

F = TypeVar("F", bound=Callable[..., Any])

PASSWORD_VARIABLE = "GATEPOST_PASSWORD"  # noqa: S105 (the name of a variable)

_LONGEST = 4096  # characters; what is longer is a file piped in by mistake


def _refuse(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        raise click.UsageError(
            "A password is not taken from an argument: other programs can read it there, and the shell's "
            "history keeps it. Leave the option out to be asked for it, or use --password-stdin or "
            "--password-env NAME. If it was a real one, change it.",
            ctx,
        )


def password_options(function: F) -> F:
    """--password-stdin and --password-env, and a --password that explains why it is not there."""
    for option in (
        click.option(
            "--password", hidden=True, is_flag=False, flag_value="", expose_value=False, callback=_refuse
        ),
        click.option(
            "--password-env", metavar="NAME", help="Take the password from this environment variable."
        ),
        click.option(
            "--password-stdin", is_flag=True, help="Take the password from the first line of stdin."
        ),
    ):
        function = option(function)
    return function


def given_password(*, from_stdin: bool, variable: str | None) -> Secret | None:
    """The password as one of the options says, or None where none does. Raises click.UsageError."""
    if from_stdin and variable:
        raise click.UsageError("Give the password once: --password-stdin or --password-env.")
    if from_stdin:
        line = sys.stdin.buffer.readline(_LONGEST * 4 + 2)
        try:
            return _checked(line.decode().rstrip("\r\n"), "stdin")
        except UnicodeDecodeError:
            raise click.UsageError("The password on stdin is not UTF-8 text.") from None
    if variable:
        if variable not in os.environ:
            raise click.UsageError(f"--password-env: there is no environment variable {variable}.")
        return _checked(os.environ[variable], variable)
    return None


def asked_password(session: Session) -> Secret:
    """The password that a person types, unseen, twice. Raises click.UsageError where nobody can."""
    if not session.is_interactive:
        raise click.UsageError(
            f"A password is needed, and here is nobody to ask. Use --password-stdin, --password-env NAME or "
            f"{PASSWORD_VARIABLE}; --auth none for a server that wants no login."
        )
    typed = click.prompt("Password", hide_input=True, confirmation_prompt="Once more", err=True)
    return _checked(str(typed), "the prompt")


def _checked(value: str, source: str) -> Secret:
    if not value:
        raise click.UsageError(f"The password from {source} is empty.")
    if len(value) > _LONGEST:
        raise click.UsageError(f"The password from {source} is longer than {_LONGEST:,} characters.")
    return Secret(value)
