"""The command classes: every command takes `--json` and the workspace's options, the root imports late."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from tui.cli.session import Session


def workspace_options(*, hidden: bool) -> list[click.Parameter]:
    """--database, --user and --key-file: before the command or after it; the last one holds."""

    def keep(name: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
        def callback(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
            if value is not None:
                setattr(ctx.ensure_object(Session), name, value)
            return value

        return callback

    def option(name: str, metavar: str, help_text: str, type_: Any = None) -> click.Option:
        return click.Option(
            [f"--{name.replace('_', '-')}"],
            metavar=metavar,
            envvar=None if hidden else f"GATEPOST_{name.upper()}",
            show_envvar=True,
            hidden=hidden,
            expose_value=False,
            callback=keep(name),
            help=help_text,
            type=type_,
        )

    return [
        option(
            "database",
            "URL",
            "The workspace: a path, sqlite:///path or postgresql://user@host/name. "
            "A URL with a password belongs in the variable.",
        ),
        option("user", "EMAIL", "Whose workspace it is, where several people share a database."),
        option(
            "key_file",
            "FILE",
            "The master key that opens the vault.",
            click.Path(dir_okay=False, path_type=Path),
        ),
    ]


def json_option() -> click.Option:
    """--json: results and errors as JSON on stdout."""

    def callback(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 (click's)
        if value:
            ctx.ensure_object(Session).as_json = True

    return click.Option(
        ["--json", "as_json"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=callback,
        help="Print JSON on stdout, errors too.",
    )


class GateCommand(click.Command):
    """A command of the group. `json=False`: it has no --json; `workspace=False`: it opens no workspace."""

    def __init__(self, *args: Any, json: bool = True, workspace: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if json:
            self.params.append(json_option())
        if workspace:
            self.params.extend(workspace_options(hidden=True))

    def invoke(self, ctx: click.Context) -> Any:
        ctx.ensure_object(Session).command = self
        return super().invoke(ctx)


class GateGroup(click.Group):
    """A group of such commands."""

    command_class = GateCommand

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The epilog as it is laid out, not refilled: it holds examples."""
        _examples(self.epilog, formatter)


GateGroup.group_class = GateGroup
GateCommand.format_epilog = GateGroup.format_epilog  # type: ignore[method-assign,assignment]


def _examples(epilog: str | None, formatter: click.HelpFormatter) -> None:
    if epilog:
        formatter.write_paragraph()
        for line in epilog.strip("\n").splitlines():
            formatter.write(f"{line}\n")


@dataclass(frozen=True, slots=True)
class Entry:
    """A command that is imported when it is first needed."""

    target: str  # "module:attribute"
    help: str  # one line, for the list of commands


class LateGroup(GateGroup):
    """A group whose commands stand in sections and are imported when called; `--help` imports none."""

    def __init__(self, *args: Any, sections: Mapping[str, Mapping[str, Entry]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sections = sections
        self.entries = {name: entry for section in sections.values() for name, entry in section.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(len(name) for name in self.entries)
        for title, section in self.sections.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(name.ljust(width), entry.help) for name, entry in section.items()], col_spacing=2
                )

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        names: Sequence[str] = [name for name in self.entries if name.startswith(incomplete)]
        items = [CompletionItem(name, help=self.entries[name].help) for name in names]
        return items + click.Command.shell_complete(self, ctx, incomplete)
