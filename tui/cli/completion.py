"""`gatepost completion`: the script that makes a shell complete gatepost's commands and options."""

from __future__ import annotations

import click

from tui.cli.commands import GateCommand
from tui.cli.session import Session, pass_session

_INSTALL = {
    "bash": 'eval "$(gatepost completion bash)"           in ~/.bashrc',
    "zsh": 'eval "$(gatepost completion zsh)"            in ~/.zshrc, after compinit',
    "fish": "gatepost completion fish > ~/.config/fish/completions/gatepost.fish",
}


@click.command(
    cls=GateCommand,
    workspace=False,
    epilog="Install it:\n" + "\n".join(f"  {line}" for line in _INSTALL.values()),
)
@click.argument("shell", type=click.Choice(list(_INSTALL)))
@pass_session
def completion(session: Session, shell: str) -> None:
    """Print the script that makes SHELL complete gatepost's commands and options."""
    from click.shell_completion import get_completion_class

    from tui.cli.root import cli

    kind = get_completion_class(shell)
    assert kind is not None, "click knows every shell of the choice"
    # The template itself: click's `source()` of bash runs the shell first, only to warn about old versions.
    maker = kind(cli, {}, "gatepost", "_GATEPOST_COMPLETE")
    script = maker.source_template % maker.source_vars()
    if session.as_json:
        session.out.json({"shell": shell, "script": script, "install": _INSTALL[shell]})
    else:
        session.out.data(script.rstrip("\n"))
