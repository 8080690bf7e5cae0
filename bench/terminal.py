"""A program in a real pseudo-terminal: how long after its start a text stands on the screen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from time import perf_counter

COLUMNS, ROWS = 120, 40
GIVE_UP_SECONDS = 30
_CONTROL = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\-_])")


def seconds_until(
    command: Sequence[str], texts: Sequence[str], environment: Mapping[str, str] | None = None
) -> list[float]:
    """Start `command` in a terminal and return, for each text, the seconds until it was first drawn.

    Raises TimeoutError with what was drawn when a text does not appear. The program is ended afterwards.
    """
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    started = perf_counter()
    process = subprocess.Popen(
        command,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(environment or {})},
        start_new_session=True,
    )
    os.close(terminal)
    try:
        return _watch(controller, texts, started)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        _drain(controller)
        process.wait()
        os.close(controller)


def _watch(controller: int, texts: Sequence[str], started: float) -> list[float]:
    drawn = b""
    seen: dict[str, float] = {}
    while len(seen) < len(texts):
        left = started + GIVE_UP_SECONDS - perf_counter()
        if left <= 0 or not select.select([controller], [], [], left)[0]:
            missing = [text for text in texts if text not in seen]
            raise TimeoutError(f"{missing} not drawn; last: {_CONTROL.sub(b'', drawn)[-2000:]!r}")
        drawn += os.read(controller, 65536)
        now = perf_counter() - started
        plain = _CONTROL.sub(b"", drawn)
        for text in texts:
            if text not in seen and text.encode() in plain:
                seen[text] = now
    return [seen[text] for text in texts]


def _drain(controller: int) -> None:
    """Read what is still written, so that the program can end."""
    try:
        while select.select([controller], [], [], GIVE_UP_SECONDS)[0] and os.read(controller, 65536):
            pass
    except OSError:
        return
