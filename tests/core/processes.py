"""Programs of their own that all start at one moment: what no task of one process can show."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


async def run_together(module: str, *arguments: str, count: int) -> list[str]:
    """Start that many programs, let them all go at once, and return what each says after "ready"."""
    programs = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        for _ in range(count)
    ]
    for program in programs:
        assert program.stdout is not None
        assert await program.stdout.readline() == b"ready\n"
    outputs = await asyncio.gather(*(program.communicate(b"\n") for program in programs))
    assert [program.returncode for program in programs] == [0] * count
    return [output.decode().strip() for output, _ in outputs]
