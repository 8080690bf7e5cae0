"""`gatepost demo` as a process: what it prints, how it ends, and that nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

DEMO = (sys.executable, "-W", "error", "-m", "tui", "demo")


def _run(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (*DEMO, *arguments),
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_a_headless_run_prints_one_object_and_removes_its_folder(tmp_path: Path) -> None:
    ended = _run(tmp_path, "--headless", "--messages", "25", "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    said = json.loads(ended.stdout)
    assert said["messages"] == 25
    assert said["agree"] is True
    assert list(tmp_path.iterdir()) == []


def test_what_is_kept_opens_again(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    ended = _run(tmp_path, "--headless", "--messages", "3", "--keep", str(kept))
    assert ended.returncode == 0
    assert "✓ They agree" in ended.stdout
    command = ended.stderr.splitlines()[-1].split()
    again = subprocess.run(
        (sys.executable, "-m", "tui", *command[1:], "agents", "list", "--json"),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    assert "support-bot" in {agent["name"] for agent in json.loads(again.stdout)}
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--json",), "Add --headless"),
        ((), "needs a terminal"),
        (("--headless", "--user", "ada@example.com"), "--user"),
        (("--headless", "--messages", "0"), "--messages"),
        (("--headless", "--keep", "."), "not empty"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    ended = _run(tmp_path, *arguments)
    assert ended.returncode == 2
    assert says in ended.stderr + ended.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without asking it")
def test_a_signal_to_end_leaves_nothing_behind(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    running = subprocess.Popen(
        (*DEMO, "--headless", "--messages", "100000"),
        env={**os.environ, "TMPDIR": str(kept)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        while not list(kept.glob("*/key/master.key")):
            assert running.poll() is None
        running.send_signal(signal.SIGTERM)
        _, errors = running.communicate(timeout=30)
    finally:
        running.kill()
    assert running.returncode == 130
    assert b"Interrupted" in errors
    assert list(kept.iterdir()) == []
