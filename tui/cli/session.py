"""What one run of `gatepost` carries from its options to its commands, and their way to the workspace."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from tui.cli.exit_codes import ExitCode
from tui.cli.output import Output

if TYPE_CHECKING:
    from core.vault.keys import KeyStore
    from core.workspace import Workspace

T = TypeVar("T")


class Session:
    """The options that every command shares, and the streams it writes to."""

    def __init__(self) -> None:
        self.database: str | None = None  # as given; None: the user's own workspace
        self.user: str | None = None
        self.key_file: Path | None = None
        self.as_json = False
        self.json_lines = False  # one object a line, errors too: while following
        self.command: click.Command | None = None  # the innermost that runs: errors name its options
        self.out = Output()

    async def open(self, *, create: bool | None = None, is_quiet: bool = False) -> Workspace:
        """Open the workspace that the options name.

        A database that was named must exist unless the command is one to begin with (`create=True`): a
        mistyped path is not to become an empty workspace. Raises the errors of `Workspace.open`.
        """
        from core.workspace import Workspace

        workspace = await Workspace.open(
            self.database,
            user=self.user,
            create=self.database is None if create is None else create,
            key_store=self._key_store(),
        )
        if workspace.is_new and not is_quiet:
            self.out.narrate(f"Created a new workspace ({workspace.url_label}) for {workspace.user.email}.")
        return workspace

    def run(self, work: Callable[[Workspace], Awaitable[T]], *, create: bool | None = None) -> T:
        """Open the workspace, await `work` with it, close it; the result of `work`."""

        async def whole() -> T:
            async with await self.open(create=create) as workspace:
                return await work(workspace)

        return asyncio.run(whole())

    def _key_store(self) -> KeyStore | None:
        if self.key_file is None:
            return None  # the workspace asks GATEPOST_KEY_FILE and its default place itself
        from core.vault.keys import FileKeyStore

        return FileKeyStore(self.key_file.expanduser())

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask before something that can't be undone. Raises UsageError where nobody can answer."""
        if yes:
            return
        if not self.is_interactive:
            raise click.UsageError(
                "This can't be undone, so it asks first, and here is nobody to answer. Add --yes."
            )
        if not click.confirm(question, err=True):
            self.out.narrate("Nothing was changed.")
            self.finish(ExitCode.FAILED)

    @property
    def is_interactive(self) -> bool:
        """Whether a person can be asked something."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def finish(self, code: ExitCode) -> NoReturn:
        """End the run with `code`."""
        raise click.exceptions.Exit(int(code))


def pass_session(function: Callable[..., Any]) -> Callable[..., Any]:
    """Hand the session to a command as its first argument."""

    @functools.wraps(function)
    def with_session(*args: Any, **kwargs: Any) -> Any:
        return function(click.get_current_context().ensure_object(Session), *args, **kwargs)

    return with_session
