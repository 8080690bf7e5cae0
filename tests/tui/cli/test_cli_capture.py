"""`gatepost capture`: served, listed, shown, exported and cleared."""

from __future__ import annotations

import json
import mailbox
import signal
import smtplib
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from dev_server.store import CaptureStore
from tests.tui.cli.person import MAIL, Gatepost, add_local

HOSTILE = (
    b"From: =?utf-8?q?Eve=1b=5b2J?= <eve@evil.test>\r\nTo: kim@ok.test\r\n"
    b"Subject: =?utf-8?q?pay_=1b]52;c;aGk=3d=07_=e2=80=ae_now?=\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    b"clear \x1b[2J and \xc2\x9b31m red\r\nFrom here on\r\n"
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with a plain mail and a hostile one."""
    path = tmp_path / "captures.db"
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.com", "kim@ok.test", "Grüße"
    mail.set_content("Guten Tag, 日本\n")
    mail.add_attachment(b"1,2\n", maintype="text", subtype="csv", filename="../../table.csv")
    with CaptureStore.open(path) as kept:
        kept.add(
            mail.as_bytes(policy=mail.policy.clone(linesep="\r\n")),
            sender="a@example.com",
            recipients=["kim@ok.test"],
        )
        kept.add(HOSTILE, sender="eve@evil.test", recipients=["kim@ok.test", "lee@ok.test"])
    return path


@contextmanager
def serving(gatepost: Gatepost, *options: object) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """`capture serve --json` on a free port, and the line in which it says where."""
    process = gatepost.start("capture", "serve", "--port", "0", "--json", *options)
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def test_serves_what_gatepost_sends_and_tells_of_each_mail(gatepost: Gatepost, tmp_path: Path) -> None:
    store = tmp_path / "served.db"
    with serving(gatepost, "--store", store) as (process, place):
        assert (place["event"], place["host"], place["store"]) == ("listening", "127.0.0.1", str(store))
        add_local(gatepost, place["port"])
        gatepost.ok("agents", "add", "bot")
        gatepost.ok("grants", "add", "--agent", "bot", "--config", "Local")
        sent = gatepost.json("send", *MAIL, "--to", "kim@ok.test")
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert (told["event"], told["message_id"]) == ("captured", sent["message_id"])
        listed = gatepost.json("capture", "list", "--store", store)
        assert [row["message_id"] for row in listed] == [sent["message_id"]]
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_stops_with_0_when_it_is_told_to(gatepost: Gatepost, tmp_path: Path, ending: signal.Signals) -> None:
    with serving(gatepost, "--store", tmp_path / "s.db") as (process, _):
        process.send_signal(ending)
        rest, said = process.communicate()
        assert (process.returncode, rest, said) == (0, b"", b"Stopped.\n")


def test_takes_only_the_logins_of_a_file(gatepost: Gatepost, tmp_path: Path) -> None:
    logins = tmp_path / "logins.txt"
    logins.write_text("# who may\nada:pass:word\n")
    options = ("--store", tmp_path / "s.db", "--auth", logins)
    with serving(gatepost, *options) as (_, place), smtplib.SMTP(place["host"], place["port"]) as client:
        with pytest.raises(smtplib.SMTPSenderRefused):
            client.sendmail("a@example.com", ["kim@ok.test"], b"Subject: a\r\n\r\n")
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("ada", "wrong")
        client.login("ada", "pass:word")
        client.sendmail("a@example.com", ["kim@ok.test"], b"Subject: b\r\n\r\n")


@pytest.mark.parametrize("content", ["hunter2\n", "ada:\n", "", "\n# nobody\n"])
def test_a_list_of_logins_that_is_none_is_refused_without_quoting_it(
    gatepost: Gatepost, tmp_path: Path, content: str
) -> None:
    logins = tmp_path / "logins.txt"
    logins.write_text(content)
    refused = gatepost("capture", "serve", "--store", tmp_path / "s.db", "--auth", logins)
    assert refused.exit_code == 2
    assert "hunter2" not in refused.output


def test_listens_on_this_machine_only_unless_told_otherwise(gatepost: Gatepost, tmp_path: Path) -> None:
    refused = gatepost.json(
        "capture", "serve", "--host", "0.0.0.0", "--port", "0", "--store", tmp_path / "s", code=2
    )
    assert refused["error"]["code"] == "remote_refused"
    assert "--allow-remote" in refused["error"]["remedy"]


def test_a_port_in_use_is_named_with_the_remedy(gatepost: Gatepost, tmp_path: Path, captured: Any) -> None:
    said = gatepost("capture", "serve", "--port", captured.port, "--store", tmp_path / "s.db")
    assert said.exit_code == 1
    assert str(captured.port) in said.stderr


def test_writes_the_certificate_to_trust(gatepost: Gatepost, tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    with serving(gatepost, "--store", tmp_path / "s.db", "--write-ca", authority) as (_, place):
        gatepost.ok(
            *(
                "configs",
                "add",
                "Tls",
                "--host",
                "localhost",
                "--port",
                place["port"],
                "--ca-file",
                authority,
            ),
            *("--username", "me@example.com"),
            GATEPOST_PASSWORD="any",
        )
        assert gatepost.json("configs", "test", "Tls")["ok"] is True


def test_lists_and_shows_what_was_captured(gatepost: Gatepost, store: Path) -> None:
    rows = gatepost.json("capture", "list", "--store", store)
    assert [row["id"] for row in rows] == [1, 2]
    assert rows[0]["received_at"].endswith("Z")
    assert gatepost.json("capture", "list", "--store", store, "--text", "grüße") == rows[:1]
    assert gatepost.json("capture", "list", "--store", store, "--limit", "1") == rows[1:]
    shown = gatepost.json("capture", "show", "1", "--store", store)
    assert shown["text"].strip() == "Guten Tag, 日本"
    assert shown["attachments"][0]["content_type"] == "text/csv"
    assert ["Subject", "Grüße"] in shown["headers"]
    assert "Guten Tag, 日本" in gatepost.ok("capture", "show", "1", "--store", store)
    assert "Subject: Grüße" in gatepost.ok("capture", "show", "1", "--store", store, "--headers")


@pytest.mark.parametrize("options", [[], ["--headers"], ["--json"]])
def test_a_hostile_mail_is_shown_inert(gatepost: Gatepost, store: Path, options: list[str]) -> None:
    for command in (["show", "2", *options], ["list", *(o for o in options if o == "--json")]):
        shown = gatepost.ok("capture", *command, "--store", store)
        assert not set(shown) & {"\x1b", "\x9b", "\u202e", "\x07"}
    assert (
        json.loads(gatepost.ok("capture", "show", "2", "--json", "--store", store))["subject"].count("\x1b")
        == 1
    )


def test_the_source_is_byte_for_byte_in_a_pipe(gatepost: Gatepost, store: Path) -> None:
    process = gatepost.start("capture", "show", "2", "--source", "--store", store)
    assert process.communicate()[0] == HOSTILE


def test_attachments_are_saved_inside_the_folder(gatepost: Gatepost, store: Path, tmp_path: Path) -> None:
    folder = tmp_path / "saved" / "here"
    gatepost.ok("capture", "show", "1", "--store", store, "--save", folder)
    assert [path.parent for path in tmp_path.rglob("*table.csv")] == [folder]


def test_exports_each_form_and_overwrites_nothing(gatepost: Gatepost, store: Path, tmp_path: Path) -> None:
    folder, mbox, summaries = tmp_path / "eml", tmp_path / "all.mbox", tmp_path / "all.json"
    for option, target in (("--eml", folder), ("--mbox", mbox), ("--json", summaries)):
        assert "2 messages" in gatepost("capture", "export", "--store", store, option, target).stderr
        assert gatepost("capture", "export", "--store", store, option, target).exit_code == 2
    assert (folder / "00000002.eml").read_bytes() == HOSTILE
    with closing(mailbox.mbox(mbox)) as box:
        assert len(box) == 2
    assert [row["id"] for row in json.loads(summaries.read_text())] == [1, 2]
    listed = gatepost.json("capture", "list", "--store", store)
    assert json.loads(gatepost.ok("capture", "export", "--store", store, "--json", "-")) == listed
    assert gatepost("capture", "export", "--store", store).exit_code == 2
    assert gatepost("capture", "export", "--store", store, "--mbox", mbox, "--eml", folder).exit_code == 2


def test_clearing_asks(gatepost: Gatepost, store: Path) -> None:
    assert gatepost("capture", "clear", "--store", store).exit_code == 2
    assert len(gatepost.json("capture", "list", "--store", store)) == 2
    assert gatepost.json("capture", "clear", "--store", store, "--yes") == {"deleted": 2}
    assert gatepost.json("capture", "list", "--store", store) == []


def test_errors_of_the_store_are_sentences(gatepost: Gatepost, store: Path, tmp_path: Path) -> None:
    assert (
        gatepost.json("capture", "show", "9", "--store", store, code=2)["error"]["code"] == "message_missing"
    )
    missing = gatepost.json("capture", "list", "--store", tmp_path / "none.db", code=1)["error"]
    assert missing["code"] == "store_missing"
    foreign = tmp_path / "foreign.db"
    foreign.write_text("this is no database, but it is long enough to be taken for one" * 20)
    assert gatepost("capture", "list", "--store", foreign).exit_code == 1
