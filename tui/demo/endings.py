"""Signals that end the demo: it has a folder with a key in it to remove, however it is told to go."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

# Windows has only some of them. Ctrl-C is asyncio's own, and the dashboard's.
SIGNALS: Final = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def ended_by_signals(end: Callable[[], object]) -> Iterator[None]:
    """Call `end` on the running loop when a signal asks this process to go."""
    loop = asyncio.get_running_loop()
    taken = []
    for number in SIGNALS:
        try:
            loop.add_signal_handler(number, end)
        except (NotImplementedError, RuntimeError, ValueError):
            continue  # Windows, or not the main thread
        taken.append(number)
    try:
        yield
    finally:
        for number in taken:
            loop.remove_signal_handler(number)
