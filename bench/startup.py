"""How soon the dashboard is painted and shows data, against a Textual app that only says hello."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from bench.report import Figure, median_and_spread, options, show
from bench.terminal import seconds_until
from core.values.configuration import AuthMechanism, ConfigurationFields, Security
from core.vault.keys import FileKeyStore
from core.workspace import Workspace

PAINT_TARGET = 1.5
DATA_TARGET_SECONDS = 1.0
NAME = "Bench mail"

MINIMAL = """
from textual.app import App
from textual.widgets import Footer, Header, Static
class Hello(App):
    TITLE = "Gatepost"
    def compose(self):
        yield Header()
        yield Static("hello")
        yield Footer()
Hello().run()
"""


def main() -> int:
    how = options(__doc__ or "")
    rounds = 5 if how.is_quick else 15
    minimal, painted, data = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        database, key_file = Path(folder) / "workspace.sqlite3", Path(folder) / "keys" / "master.key"
        asyncio.run(_prepare(database, key_file))
        script = Path(folder) / "minimal.py"
        script.write_text(MINIMAL)
        environment = {
            "GATEPOST_DATABASE": str(database),
            "GATEPOST_KEY_FILE": str(key_file),
            "XDG_CONFIG_HOME": folder,
            "XDG_DATA_HOME": folder,
            "XDG_STATE_HOME": folder,
        }
        for turn in range(rounds + 1):
            (hello,) = seconds_until([sys.executable, str(script)], ["Gatepost"])
            shell, rows = seconds_until([sys.executable, "-m", "tui"], ["Gatepost", NAME], environment)
            if turn:
                minimal.append(hello)
                painted.append(shell)
                data.append(rows)
    minimal_s, minimal_spread = median_and_spread(minimal)
    painted_s, painted_spread = median_and_spread(painted)
    data_s, data_spread = median_and_spread(data)
    ratio = painted_s / minimal_s
    return show(
        "startup",
        [
            Figure(what="a minimal Textual app, painted", value=minimal_s, unit="s", spread=minimal_spread),
            Figure(
                what="the dashboard, painted",
                value=painted_s,
                unit="s",
                spread=painted_spread,
                baseline=minimal_s,
                ratio=ratio,
                target=f"≤ {PAINT_TARGET}× minimal",
                met=ratio <= PAINT_TARGET,
            ),
            Figure(
                what="the dashboard, with data",
                value=data_s,
                unit="s",
                spread=data_spread,
                target=f"≤ {DATA_TARGET_SECONDS} s",
                met=data_s <= DATA_TARGET_SECONDS,
            ),
        ],
        how,
    )


async def _prepare(database: Path, key_file: Path) -> None:
    """A workspace with something to show."""
    async with await Workspace.open(str(database), key_store=FileKeyStore(key_file)) as workspace:
        await workspace.configurations.create(
            ConfigurationFields(
                connection_name=NAME,
                host="127.0.0.1",
                port=1025,
                security=Security.PLAINTEXT,
                auth_mechanism=AuthMechanism.NONE,
                from_email="ada@example.com",
            ),
            None,
        )


if __name__ == "__main__":
    raise SystemExit(main())
