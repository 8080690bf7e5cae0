"""`gatepost logs`: filtered, followed, stopped by Ctrl-C or by a reader that has seen enough."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import IO, Any

import pytest

from tests.tui.cli.person import MAIL, Captured, Gatepost


@pytest.fixture
def busy(office: Gatepost) -> Gatepost:
    """A workspace with a denied mail, a sent one and a connection test in its log."""
    office("send", *MAIL, "--to", "boss@evil.test")
    office.ok("send", *MAIL, "--to", "kim@ok.test", "--cc", "lee@ok.test")
    office.ok("configs", "test", "Local")
    return office


def outcomes(gatepost: Gatepost, *options: str) -> list[str]:
    return [row["outcome"] for row in gatepost.json("logs", *options)]


def test_lists_the_oldest_first(busy: Gatepost) -> None:
    rows = busy.json("logs")
    assert [row["outcome"] for row in rows] == ["denied", "sent", "tested"]
    assert [row["created_at"] for row in rows] == sorted(row["created_at"] for row in rows)
    assert (rows[1]["agent_name"], rows[1]["connection_name"], rows[1]["status"]) == (
        "bot",
        "Local",
        "success",
    )
    assert rows[1]["params"]["to"] == ["kim@ok.test"]
    assert "How are you?" not in json.dumps(rows)
    shown = busy.ok("logs").splitlines()
    assert len(shown) == 4
    assert "kim@ok.test +1" in shown[2]
    assert "● sent" in shown[2]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--status", "denied"], ["denied"]),
        (["--status", "denied", "--status", "sent"], ["denied", "sent"]),
        (["--agent", "bot"], ["denied", "sent"]),
        (["--config", "Local", "--type", "test"], ["tested"]),
        (["--type", "send"], ["denied", "sent"]),
        (["--text", "kim@ok"], ["sent"]),
        (["--limit", "1"], ["tested"]),
        (["--limit", "0"], []),
        (["--since", "1h"], ["denied", "sent", "tested"]),
        (["--until", "1h"], []),
        (["--filter", "status:denied agent:bot via:Local evil"], ["denied"]),
    ],
)
def test_shows_what_is_asked_for(busy: Gatepost, options: list[str], expected: list[str]) -> None:
    assert outcomes(busy, *options) == expected


@pytest.mark.parametrize(
    "options",
    [["--since", "whenever"], ["--filter", "colour:red"], ["--agent", "nobody"], ["--status", "lost"]],
)
def test_a_filter_that_can_not_be_meant_is_a_usage_error(busy: Gatepost, options: list[str]) -> None:
    assert busy("logs", *options).exit_code == 2


def test_an_empty_log_says_so_on_stderr(gatepost: Gatepost) -> None:
    gatepost.ok("agents", "add", "bot")
    empty = gatepost("logs")
    assert (empty.exit_code, empty.stdout) == (0, "")
    assert "Nothing" in empty.stderr


def test_shows_one_row_with_everything(busy: Gatepost) -> None:
    denied = busy.json("logs", "--status", "denied")[0]
    assert busy.json("logs", "show", denied["id"]) == denied
    shown = busy.ok("logs", "show", denied["id"])
    assert "boss@evil.test" in shown
    assert "✕ recipients_allowed" in shown
    assert busy("logs", "show", "01980000-0000-7000-8000-000000000000").exit_code == 2


class TestFollow:
    """`logs --follow` shows each row once, as it happens, in this process or another."""

    def test_shows_what_was_and_what_comes_and_ends_with_0_on_ctrl_c(
        self, busy: Gatepost, captured: Captured
    ) -> None:
        process = busy.start("logs", "--follow", "--json", "--limit", "2")
        assert [line_of(process)["outcome"] for _ in range(2)] == ["sent", "tested"]
        busy.ok("send", *MAIL, "--to", "mia@ok.test")
        coming = line_of(process)
        assert (coming["outcome"], coming["params"]["to"]) == ("sent", ["mia@ok.test"])
        busy("send", *MAIL, "--to", "mia@evil.test")
        assert line_of(process)["outcome"] == "denied"
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate()
        assert (process.returncode, rest, said) == (0, b"", b"")

    def test_follows_only_what_fits(self, busy: Gatepost) -> None:
        process = busy.start("logs", "-f", "--status", "denied", "--json")
        assert line_of(process)["params"]["to"] == ["boss@evil.test"]
        busy.ok("send", *MAIL, "--to", "mia@ok.test")
        busy("send", *MAIL, "--to", "mia@evil.test")
        assert line_of(process)["params"]["to"] == ["mia@evil.test"]
        process.send_signal(signal.SIGINT)
        process.communicate()
        assert process.returncode == 0

    def test_ends_quietly_when_the_reader_goes_away_without_waiting_for_another_row(
        self, busy: Gatepost
    ) -> None:
        process = busy.start("logs", "--follow", "--json")
        line_of(process)
        stdout(process).close()
        assert process.wait() == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""
        process.stderr.close()

    def test_is_a_table_for_people(self, busy: Gatepost) -> None:
        process = busy.start("logs", "--follow")
        lines = [stdout(process).readline().decode() for _ in range(4)]
        assert lines[0].startswith("When")
        assert "boss@evil.test" in lines[1]
        process.send_signal(signal.SIGINT)
        process.communicate()
        assert process.returncode == 0


def test_a_reader_of_a_long_list_may_leave_early(busy: Gatepost) -> None:
    for _ in range(3):
        busy("send", *MAIL, "--to", "boss@evil.test")
    process = busy.start("logs", "--json")
    stdout(process).close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def stdout(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdout is not None
    return process.stdout


def line_of(process: subprocess.Popen[bytes]) -> Any:
    return json.loads(stdout(process).readline())
