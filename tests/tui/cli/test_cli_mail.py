"""`gatepost explain` and `gatepost send`: every end of a mail, and the exit code that tells it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from tests.tui.cli.person import MAIL, Captured, Gatepost, add_local

GRANT = ("--agent", "bot", "--config", "Local")


def test_explains_every_rule_and_sends_nothing(office: Gatepost, captured: Captured) -> None:
    verdict = office.json("explain", *MAIL, "--to", "kim@ok.test")
    assert (verdict["decision"], verdict["code"]) == ("allowed", None)
    assert all(check["passed"] for check in verdict["checks"])
    verdict = office.json("explain", *MAIL, "--to", "kim@evil.test", "--attach", __file__, code=3)
    failed = [check["rule"] for check in verdict["checks"] if not check["passed"]]
    assert failed == ["can_send_attachments", "recipients_allowed"]
    assert verdict["code"] == failed[0]
    shown = office("explain", *MAIL, "--to", "kim@evil.test")
    assert (shown.exit_code, shown.stderr) == (3, "")
    assert "✕ recipients_allowed" in shown.stdout
    assert "✓ agent_active" in shown.stdout
    assert captured.store.count() == 0
    assert office.json("logs") == []


def test_sends_what_it_was_given(office: Gatepost, captured: Captured, tmp_path: Path) -> None:
    office.ok("grants", "edit", *GRANT, "--attachments", "--custom-from")
    report = tmp_path / "report.pdf"
    report.write_bytes(b"%PDF-1.7 \x00\xff")
    html = tmp_path / "mail.html"
    html.write_text("<p>Grüße</p>")
    result = office.json(
        *("send", *GRANT, "--to", "kim@ok.test", "--cc", "lee@ok.test", "--bcc", "audit@ok.test"),
        *("--subject", "Grüße 日本", "--text", "-", "--html-file", html, "--attach", report),
        *("--from", "billing@example.com", "--from-name", "Billing", "--reply-to", "help@example.com"),
        *("--header", "X-App-Ticket: 42"),
        stdin="From stdin: ä\n",
    )
    assert result["outcome"] == "sent"
    assert [(each["address"], each["accepted"]) for each in result["recipients"]] == [
        ("kim@ok.test", True),
        ("lee@ok.test", True),
        ("audit@ok.test", True),
    ]
    message = captured.store.list()[0]
    assert message.recipients == ("kim@ok.test", "lee@ok.test", "audit@ok.test")
    mail = message_from_bytes(captured.store.raw(message.id), policy=default)
    assert mail["Message-ID"] == result["message_id"]
    assert (mail["Subject"], mail["X-App-Ticket"], mail["Bcc"]) == ("Grüße 日本", "42", None)
    assert (mail["From"], mail["Reply-To"]) == ("Billing <billing@example.com>", "help@example.com")
    text, attached = mail.get_body(("plain",)), list(mail.iter_attachments())
    assert text is not None
    assert text.get_content().strip() == "From stdin: ä"
    assert [(part.get_filename(), part.get_content_type()) for part in attached] == [
        ("report.pdf", "application/pdf")
    ]
    assert attached[0].get_content() == report.read_bytes()


def test_a_sent_mail_ends_with_0_and_tells_each_recipients_reply(office: Gatepost) -> None:
    sent = office("send", *MAIL, "--to", "kim@ok.test")
    assert sent.exit_code == 0
    assert "● sent" in sent.stdout
    assert "Message-ID <" in sent.stdout
    assert "✓ kim@ok.test  250" in sent.stdout


def test_a_denied_mail_ends_with_3_and_every_reason(office: Gatepost, captured: Captured) -> None:
    denied = office("send", *MAIL, "--to", "kim@evil.test", "--from", "me@example.com")
    assert denied.exit_code == 3
    assert "✕ recipients_allowed" in denied.stdout
    assert "✕ can_use_custom_from" in denied.stdout
    assert office.json("send", *MAIL, "--to", "kim@evil.test", code=3)["outcome"] == "denied"
    assert captured.store.count() == 0
    assert [row["error_code"] for row in office.json("logs")] == ["can_use_custom_from", "recipients_allowed"]


def test_a_held_mail_ends_with_4(office: Gatepost, captured: Captured) -> None:
    office.ok("grants", "edit", *GRANT, "--approval", "always")
    result = office.json("send", *MAIL, "--to", "kim@ok.test", code=4)
    assert result["outcome"] == "held"
    assert result["delivery_id"]
    assert office("send", *MAIL, "--to", "kim@ok.test").exit_code == 4
    assert office("explain", *MAIL, "--to", "kim@ok.test").exit_code == 4
    assert captured.store.count() == 0


def test_a_failed_mail_ends_with_1_and_the_remedy(gatepost: Gatepost, free_port: int) -> None:
    add_local(gatepost, free_port)
    gatepost.ok("agents", "add", "bot")
    gatepost.ok("grants", "add", *GRANT)
    result = gatepost.json("send", *MAIL, "--to", "kim@ok.test", code=1)
    assert (result["outcome"], result["error_code"]) == ("failed", "connection_refused")
    failed = gatepost("send", *MAIL, "--to", "kim@ok.test")
    assert failed.exit_code == 1
    assert result["remedy"] in failed.stdout


def test_a_mail_whose_answer_was_lost_ends_with_5(gatepost: Gatepost, server_that_hangs_up: int) -> None:
    add_local(gatepost, server_that_hangs_up)
    gatepost.ok("agents", "add", "bot")
    gatepost.ok("grants", "add", *GRANT)
    assert gatepost.json("send", *MAIL, "--to", "kim@ok.test", code=5)["outcome"] == "unknown"
    said = gatepost("send", *MAIL, "--to", "lee@ok.test")
    assert said.exit_code == 5
    assert "? unknown" in said.stdout


def test_an_unsound_mail_is_a_usage_error_that_names_every_fault(office: Gatepost) -> None:
    error = office.json(
        *(
            "send",
            *GRANT,
            "--to",
            "kim@ok.test",
            "--to",
            "a@ok.test(x)evil.com",
            "--subject",
            "a\r\nBcc: b@evil.test",
        ),
        code=2,
    )["error"]
    assert [problem["field"] for problem in error["problems"]] == ["--to[1]", "--subject"]


def test_the_same_key_sends_once(office: Gatepost, captured: Captured) -> None:
    first = office.json("send", *MAIL, "--to", "kim@ok.test", "--idempotency-key", "order-7")
    again = office.json("send", *MAIL, "--to", "kim@ok.test", "--idempotency-key", "order-7")
    assert (first["is_repeat"], again["is_repeat"]) == (False, True)
    assert first["message_id"] == again["message_id"]
    assert captured.store.count() == 1
    other = office.json("send", *MAIL, "--to", "lee@ok.test", "--idempotency-key", "order-7", code=2)
    assert other["error"]["code"] == "conflict"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--text", "a", "--text-file", "-"], "--text-file"),
        (["--text", "-", "--html", "-"], "stdin"),
        (["--header", "no colon"], "colon"),
        (["--attach", "/nowhere/at/all"], "does not exist"),
        (["--text", "-"], "UTF-8"),
    ],
)
def test_options_that_contradict_or_lead_nowhere_are_refused(
    gatepost: Gatepost, options: list[str], words: str
) -> None:
    refused = gatepost("send", *GRANT, "--to", "kim@ok.test", *options, stdin=b"\xff\xfe")
    assert refused.exit_code == 2
    assert words in refused.stderr


def test_a_reply_that_attacks_the_terminal_is_shown_inert(gatepost: Gatepost, rude_server: int) -> None:
    add_local(gatepost, rude_server)
    gatepost.ok("agents", "add", "bot")
    gatepost.ok("grants", "add", *GRANT)
    said = gatepost("send", *MAIL, "--to", "kim@ok.test")
    assert said.exit_code == 1
    machine = gatepost("send", *MAIL, "--to", "kim@ok.test", "--json")
    logs = gatepost("logs")
    for output in (said, machine, logs, gatepost("logs", "--json")):
        assert not set(output.output) & {"\x1b", "\x9b", "\u202e", "\x07"}


class Scripted:
    """A server that answers EHLO, MAIL and RCPT, and to DATA and what follows what the test wants."""

    def __init__(self, rcpt: bytes, end: bytes | None) -> None:
        self._rcpt, self._end = rcpt, end
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = int(server.sockets[0].getsockname()[1])
        self._ready.set()
        async with server:
            await self._stop.wait()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                if self._end is None:
                    break
                writer.write(self._end)
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(self._rcpt if verb == b"RCPT" else b"250 fine\r\n")
        writer.close()

    def __enter__(self) -> int:
        self._thread.start()
        assert self._ready.wait(30)
        return self.port

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()


@pytest.fixture
def server_that_hangs_up() -> Iterator[int]:
    """It takes the message and closes without a word."""
    with Scripted(rcpt=b"250 fine\r\n", end=None) as port:
        yield port


@pytest.fixture
def rude_server() -> Iterator[int]:
    """Its replies would write the clipboard, clear the screen and turn the writing around."""
    with Scripted(
        rcpt=b"550 \x1b]52;c;aGk=\x07\x1b[2J\xc2\x9b2J\xe2\x80\xae[red]no\r\n", end=b"250 ok\r\n"
    ) as port:
        yield port
