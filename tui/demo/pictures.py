"""The pictures of the README: every mode of the demo's dashboard as SVG.

python -m tui.demo.pictures sample_data/pictures [COLUMNS ROWS]
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tui.app import GatepostApp
from tui.demo.agents import Agents
from tui.demo.stage import open_stage

if TYPE_CHECKING:
    from textual.pilot import Pilot

USER = "ada@example.com"
MESSAGES = 60
# A picture asks no other machine for its font: any monospaced one will do.
WEB_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
ROWS_DOWN = {"configurations": 1, "agents": 0, "log": 11, "inbox": 2}
MODES = {"1": "configurations", "2": "agents", "3": "log", "4": "inbox"}


async def take(folder: Path, columns: int, rows: int) -> None:
    """Play the demo for a while and write one SVG per mode into `folder`."""
    with tempfile.TemporaryDirectory() as stage_folder:
        async with open_stage(Path(stage_folder)) as stage:
            async for _ in Agents(stage, seed=1).play(MESSAGES):
                pass
            app = GatepostApp(lambda: stage.connect(USER), capture=stage.open_capture)
            async with app.run_test(size=(columns, rows)) as pilot:
                for key, mode in MODES.items():
                    await pilot.press(key)
                    await _settled(pilot)
                    # Some rows down, where the demo of this seed has something to tell.
                    await pilot.press(*["down"] * ROWS_DOWN[mode])
                    await _settled(pilot)
                    picture = app.export_screenshot(title="gatepost demo")
                    (folder / f"{mode}.svg").write_text(WEB_FONT.sub("", picture), encoding="utf-8")


async def _settled(pilot: Pilot[None]) -> None:
    """Return once the screen has drawn what it fetched."""
    await pilot.pause(0.5)
    await pilot.wait_for_scheduled_animations()


def main() -> None:
    folder = Path(sys.argv[1])
    columns, rows = (int(sys.argv[2]), int(sys.argv[3])) if len(sys.argv) > 3 else (124, 34)
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(folder, columns, rows))


if __name__ == "__main__":
    main()
