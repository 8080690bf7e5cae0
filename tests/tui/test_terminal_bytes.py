"""What really reaches the terminal: the dashboard runs in a pseudo terminal on hostile mail and a hostile log."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.tui.test_safe import HOSTILE_SUBJECTS

SECONDS = 60

# The app as a program of its own: the store and the log hold what the parent put there.
PROGRAM = """
import sys
from core.testing import MemoryKeyStore
from core.workspace import Workspace
from dev_server.store import CaptureStore
from tui.app import GatepostApp

async def connect():
    return await Workspace.open(sys.argv[1], key_store=keys)

keys = MemoryKeyStore()
app = GatepostApp(connect, capture=lambda: CaptureStore.open(sys.argv[2]), start_mode="inbox")
app.run()
"""


class Terminal:
    """A program in a pseudo terminal of 120 × 40, and everything that it wrote there."""

    def __init__(self, program: str, *arguments: str) -> None:
        self.written = b""
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        environment = os.environ | {
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "COLUMNS": "120",
            "LINES": "40",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env=environment,
        )
        os.close(slave)

    def read_until(self, wanted: bytes) -> None:
        until = time.monotonic() + SECONDS
        while wanted not in self.written:
            left = until - time.monotonic()
            assert left > 0, f"{wanted!r} never came; the end of what did:\n{self.written[-2000:]!r}"
            if select.select([self.master], [], [], left)[0]:
                try:
                    self.written += os.read(self.master, 65_536)
                except OSError:
                    raise AssertionError(f"it ended early:\n{self.written[-3000:]!r}") from None

    def press(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self.master)


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo terminals are a matter of Unix")
async def test_no_sequence_of_a_mails_own_reaches_the_terminal(tmp_path: Path) -> None:
    from core.testing import MemoryKeyStore
    from core.workspace import Workspace
    from dev_server.store import CaptureStore

    async with await Workspace.open(
        str(tmp_path / "gate.db"), user="ada@example.com", key_store=MemoryKeyStore()
    ):
        pass  # made beforehand, so that no welcome stands in front
    with CaptureStore.open(tmp_path / "captures.db") as store:
        for number, subject in enumerate(HOSTILE_SUBJECTS):
            raw = subject.encode("utf-8", "replace").replace(b"\n", b" ").replace(b"\r", b" ")
            store.add(
                b"Subject: N%d " % number
                + raw
                + b"\r\nFrom: "
                + raw
                + b"\r\n\r\n"
                + raw
                + b"\r\nend-%d.\r\n" % number,
                sender="a@example.com",
                recipients=["kim@example.org"],
            )
    terminal = Terminal(PROGRAM, str(tmp_path / "gate.db"), str(tmp_path / "captures.db"))
    try:
        for number in reversed(range(len(HOSTILE_SUBJECTS))):  # the newest is shown first
            terminal.read_until(b"end-%d." % number)
            terminal.press(b"j")
        seen = terminal.written
    finally:
        terminal.close()
    assert {match[1] for match in re.finditer(rb"\x1b\](\d+)", seen)} <= {
        b"22"
    }  # the shape of the pointer: ours
    text = seen.decode("utf-8", "replace")
    text = re.sub(
        r"\x1b(\]22;[a-z-]*\x07|\[[0-9;:?<>=]*[ -/]*[@-~]|[()][A-Z0-9]|[=>78cM]|P[^\x1b]*\x1b\\)", "", text
    )
    text = re.sub(r"\x1b[^\x1b]{0,40}$", "", text)  # where reading stopped, in the middle of one of ours
    assert "\x1b" not in text
    assert "\x07" not in text
    assert not re.search("[\u0080-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\U000e0000-\U000e0fff]", text)
    assert not re.search("\u0301{5}", text)
