"""The command line `gatepost`: the dashboard's headless twin."""

from __future__ import annotations


def main() -> None:
    """Run `gatepost` with the arguments of this process, and end it with an exit code."""
    from tui.cli.root import cli

    cli.main()
