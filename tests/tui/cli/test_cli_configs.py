"""`gatepost configs`: made, shown, changed, tested and archived; the password only by the safe ways."""

from __future__ import annotations

import os
import pty
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tui.cli.person import PASSWORD, Captured, Gatepost, add_local

SERVER = ("--host", "smtp.example.com", "--username", "me@example.com")


def test_adds_one_with_every_field_and_shows_it(gatepost: Gatepost) -> None:
    row = gatepost.json(
        *("configs", "add", "Work mail", "--host", "127.0.0.1", "--port", "2525", "--security", "none"),
        *("--auth", "none", "--username", "u", "--from-email", "me@example.com", "--from-name", "Me"),
        *("--reply-to", "help@example.com", "--daily", "7", "--recipients", "3", "--max-size", "2M"),
        *("--connection-timeout", "5s", "--greeting-timeout", "500ms", "--socket-timeout", "1m"),
        *("--on-uncertain", "retry", "--inactive"),
    )
    assert row["connection_name"] == "Work mail"
    assert (row["host"], row["port"], row["security"], row["auth_mechanism"]) == (
        "127.0.0.1",
        2525,
        "none",
        "none",
    )
    assert (row["from_email"], row["from_name"], row["reply_to_email"]) == (
        "me@example.com",
        "Me",
        "help@example.com",
    )
    assert (row["max_emails_per_day"], row["max_recipients_per_email"], row["max_message_bytes"]) == (
        7,
        3,
        2 * 1024**2,
    )
    assert (row["connection_timeout"], row["greeting_timeout"], row["socket_timeout"]) == (5000, 500, 60_000)
    assert (row["on_uncertain"], row["is_active"], row["test_status"]) == ("retry", False, "pending")
    assert row["created_at"].endswith("Z")
    assert gatepost.json("configs", "show", "work MAIL") == row
    assert gatepost.json("configs", "show", row["id"]) == row
    assert gatepost.json("configs", "list") == [row]
    assert "Work mail" in gatepost.ok("configs", "list")


def test_a_preset_fills_in_the_server(gatepost: Gatepost) -> None:
    row = gatepost.json(
        "configs",
        "add",
        "Mine",
        "--preset",
        "gmail",
        "--username",
        "me@gmail.com",
        GATEPOST_PASSWORD=PASSWORD,
    )
    assert (row["host"], row["port"], row["from_email"]) == ("smtp.gmail.com", 587, "me@gmail.com")
    assert any(preset["id"] == "gmail" for preset in gatepost.json("configs", "presets"))
    assert "Gmail" in gatepost.ok("configs", "presets")


def test_an_unknown_preset_is_refused_with_those_there_are(gatepost: Gatepost) -> None:
    error = gatepost.json("configs", "add", "Mine", "--preset", "nowhere", code=2)["error"]
    assert "gmail" in error["message"]


def test_every_wrong_field_is_named_as_the_option_it_came_from(gatepost: Gatepost) -> None:
    arguments = ("configs", "add", "X", "--host", "a b", "--port", "0", "--daily", "0", "--username", "u")
    error = gatepost.json(*arguments, code=2)["error"]
    assert error["code"] == "invalid_input"
    assert [problem["field"] for problem in error["problems"]] == [
        "--host",
        "--port",
        "--from-email",
        "--daily",
    ]
    assert all(problem["message"] and problem["remedy"] for problem in error["problems"])
    said = gatepost(*arguments)
    assert said.stdout == ""
    assert "--port" in said.stderr


def test_edit_changes_only_what_is_given(gatepost: Gatepost) -> None:
    before = gatepost.json("configs", "add", "Work", *SERVER, "--from-name", "Me", GATEPOST_PASSWORD=PASSWORD)
    after = gatepost.json("configs", "edit", "Work", "--daily", "9", "--name", "Office", "--from-name", "")
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"connection_name", "max_emails_per_day", "from_name", "updated_at"}
    assert (after["connection_name"], after["max_emails_per_day"], after["from_name"]) == ("Office", 9, None)
    assert after["has_password"]


def test_edit_without_a_change_is_refused(gatepost: Gatepost) -> None:
    add_local(gatepost, 2525)
    assert gatepost("configs", "edit", "Local").exit_code == 2
    assert gatepost.json("configs", "edit", "Local", "--inactive")["is_active"] is False


def test_archiving_asks_and_destroys_the_password(gatepost: Gatepost) -> None:
    gatepost.json("configs", "add", "Work", *SERVER, GATEPOST_PASSWORD=PASSWORD)
    refused = gatepost("configs", "archive", "Work")
    assert refused.exit_code == 2
    assert "--yes" in refused.stderr
    assert gatepost.json("configs", "list")[0]["archived_at"] is None
    row = gatepost.json("configs", "archive", "Work", "--yes")
    assert row["archived_at"].endswith("Z")
    assert not row["has_password"]
    assert gatepost.json("configs", "list") == []
    assert [row["connection_name"] for row in gatepost.json("configs", "list", "--all")] == ["Work"]


class TestPassword:
    """It comes from stdin, a variable or a prompt, and is never shown."""

    @pytest.mark.parametrize(
        "argument", [["--password", PASSWORD], [f"--password={PASSWORD}"], ["--password"]]
    )
    def test_is_never_taken_from_an_argument(self, gatepost: Gatepost, argument: list[str]) -> None:
        for command in (["configs", "add", "Work", *SERVER], ["configs", "edit", "Work"]):
            refused = gatepost(*command, *argument)
            assert refused.exit_code == 2
            assert "history" in refused.stderr
            assert PASSWORD not in refused.output
        assert not gatepost.database.exists()

    def test_comes_from_stdin(self, gatepost: Gatepost) -> None:
        row = gatepost.json(
            "configs", "add", "Work", *SERVER, "--password-stdin", stdin=f"{PASSWORD}\r\nrest"
        )
        assert row["has_password"]
        assert PASSWORD not in str(row)

    def test_comes_from_a_variable(self, gatepost: Gatepost) -> None:
        assert gatepost.json("configs", "add", "A", *SERVER, "--password-env", "MAIL_PW", MAIL_PW=PASSWORD)[
            "has_password"
        ]
        assert gatepost.json("configs", "add", "B", *SERVER, GATEPOST_PASSWORD=PASSWORD)["has_password"]

    @pytest.mark.parametrize(
        ("options", "stdin"),
        [
            (["--password-env", "NOT_SET"], ""),
            (["--password-stdin"], "\n"),
            (["--password-stdin"], b"\xff\xfe\n"),
            (["--password-stdin"], "x" * 5000),
            (["--password-stdin", "--password-env", "HOME"], f"{PASSWORD}\n"),
            ([], ""),
        ],
    )
    def test_is_asked_for_plainly_when_it_is_missing_or_unsound(
        self, gatepost: Gatepost, options: list[str], stdin: str
    ) -> None:
        refused = gatepost("configs", "add", "Work", *SERVER, *options, stdin=stdin)
        assert refused.exit_code == 2
        assert "assword" in refused.stderr
        assert "x" * 100 not in refused.output
        assert not gatepost.database.exists()

    def test_is_typed_unseen_at_a_prompt(self, gatepost: Gatepost) -> None:
        terminal, theirs = pty.openpty()
        process = gatepost.start(
            *("configs", "add", "Work", *SERVER),
            stdin=theirs,
            stderr=theirs,
            stdout=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        seen = read_until(terminal, b"Password: ")
        os.write(terminal, f"{PASSWORD}\n".encode())
        seen += read_until(terminal, b"Once more: ")
        os.write(terminal, f"{PASSWORD}\n".encode())
        seen += read_until(terminal, b"in the vault")
        while read(terminal):
            pass
        os.close(terminal)
        assert process.wait() == 0
        assert PASSWORD.encode() not in seen

    def test_is_nowhere_in_clear(self, gatepost: Gatepost, capture_server: Callable[..., Captured]) -> None:
        server = capture_server(logins={"me@example.com": "another one"}, require_auth=True)
        authority = gatepost.folder / "ca.pem"
        authority.write_text(server.certificate)
        added = gatepost(
            *("configs", "add", "Work", "--host", "localhost", "--port", server.port, "--ca-file", authority),
            *("--username", "me@example.com", "--password-stdin"),
            stdin=PASSWORD,
        )
        tested = gatepost("configs", "test", "Work")
        assert tested.exit_code == 1
        assert "✕ authentication" in tested.stdout
        outputs = [added, tested, gatepost("logs", "--json"), gatepost("configs", "show", "Work", "--json")]
        assert not any(PASSWORD in output.output for output in outputs)
        files = [path.read_bytes() for path in gatepost.folder.rglob("*") if path.is_file()]
        assert len(files) > 2
        assert not any(PASSWORD.encode() in content for content in files)


class TestTest:
    """`configs test` tells what it saw, step by step."""

    def test_passes_against_a_server_that_is_right(
        self, gatepost: Gatepost, capture_server: Callable[..., Captured]
    ) -> None:
        server = capture_server(logins={"me@example.com": PASSWORD}, require_auth=True)
        authority = gatepost.folder / "ca.pem"
        authority.write_text(server.certificate)
        gatepost.ok(
            *("configs", "add", "Work", "--host", "localhost", "--port", server.port, "--ca-file", authority),
            *("--username", "me@example.com"),
            GATEPOST_PASSWORD=PASSWORD,
        )
        report = gatepost.json("configs", "test", "Work")
        assert report["ok"] is True
        assert report["tls_version"].startswith("TLSv1")
        assert [step["name"] for step in report["steps"]][-1] == "authentication"
        assert {step["status"] for step in report["steps"]} == {"passed"}
        assert "✓ authentication" in gatepost.ok("configs", "test", "Work")
        assert gatepost.json("configs", "show", "Work")["test_status"] == "success"

    def test_names_the_failing_step_and_the_remedy(self, gatepost: Gatepost, free_port: int) -> None:
        add_local(gatepost, free_port)
        report = gatepost.json("configs", "test", "Local", code=1)
        assert (report["ok"], report["error_code"]) == (False, "connection_refused")
        assert report["remedy"]
        assert "✕ connect" in gatepost("configs", "test", "Local").stdout

    def test_an_untrusted_certificate_fails(self, gatepost: Gatepost, captured: Captured) -> None:
        gatepost.ok(
            *(
                "configs",
                "add",
                "Work",
                "--host",
                "localhost",
                "--port",
                captured.port,
                "--username",
                "me@example.com",
            ),
            GATEPOST_PASSWORD=PASSWORD,
        )
        assert gatepost.json("configs", "test", "Work", code=1)["error_code"] == "tls"

    def test_a_file_that_is_no_certificate_is_refused(self, gatepost: Gatepost, tmp_path: Path) -> None:
        file = tmp_path / "ca.pem"
        file.write_text("hello")
        assert gatepost("configs", "add", "Work", *SERVER, "--ca-file", file).exit_code == 2


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux: the other side is gone
        return b""


def read_until(terminal: int, words: bytes) -> bytes:
    seen = b""
    while words not in seen:
        part = read(terminal)
        assert part, seen
        seen += part
    return seen
