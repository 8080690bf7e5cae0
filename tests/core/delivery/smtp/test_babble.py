"""Answers that are no SMTP, have no end or say too much: cut off, cleaned and never misread."""

from __future__ import annotations

from typing import Any

import pytest

from core.delivery.smtp import SmtpTransport
from core.delivery.smtp.faults import MAX_REPLY
from core.errors import (
    ServerProtocolError,
)
from core.values.operation import Outcome
from tests.core.delivery.smtp.phases import PHASES, script, send
from tests.core.delivery.smtp.servers import (
    scripted,
)

NOT_SMTP = [
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"\x16\x03\x01\x02\r\n",
    b"9999 what\r\n",
    b"000 what\r\n",
    b"\r\n",
]


@pytest.mark.parametrize("babble", NOT_SMTP)
@pytest.mark.parametrize(("verb", "changes", "words"), PHASES)
async def test_an_answer_that_is_no_smtp_is_named_as_such(
    smtp: SmtpTransport, verb: str, changes: dict[str, Any], words: str, babble: bytes
) -> None:
    async with scripted(script(verb, babble)) as server:
        report = await send(smtp, server, **changes)
        await server.until_ended(1)
    assert report.outcome is Outcome.FAILED
    assert isinstance(report.error, ServerProtocolError)


@pytest.mark.parametrize("babble", [*NOT_SMTP, b"354 again\r\n", b"250-" + b"x" * 9_000 + b"\r\n"])
async def test_an_answer_to_the_message_that_is_no_smtp_leaves_the_outcome_unknown(
    smtp: SmtpTransport, babble: bytes
) -> None:
    async with scripted({"content": babble}) as server:
        report = await send(smtp, server)
        await server.until_ended(1)
    assert report.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("verb", ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    "flood", [b"250-" + b"x" * 3_000_000, b"250-x\r\n" * 500_000, b"550 " + b"x" * 3_000_000 + b"\r\n"]
)
async def test_megabytes_in_a_reply_are_cut_off(smtp: SmtpTransport, verb: str, flood: bytes) -> None:
    async with scripted({verb: flood}) as server:
        report = await send(smtp, server)
        await server.until_ended(1)
    assert report.outcome is Outcome.FAILED
    assert isinstance(report.error, ServerProtocolError)
    assert len(str(report.error)) < MAX_REPLY + 200


async def test_a_reply_is_kept_short_on_one_line_and_without_control_characters(smtp: SmtpTransport) -> None:
    nasty = b"550-5.7.1 \x1b]52;c;evil\x07 one\r\n550 5.7.1 \xe2\x80\xaetwo \xff" + b"x" * 2_000 + b"\r\n"
    async with scripted({"RCPT": nasty}) as server:
        report = await send(smtp, server)
    assert report.reply.startswith("550 5.7.1 ]52;c;evil one 5.7.1 two xxx")
    assert report.reply.isprintable()
    assert len(report.recipients[0].text) <= MAX_REPLY


async def test_a_second_reply_to_one_command_is_not_taken_for_the_next(smtp: SmtpTransport) -> None:
    async with scripted({"MAIL": b"250 fine\r\n250 fine\r\n", "RCPT": b"550 no\r\n"}) as server:
        report = await send(smtp, server)
        await server.until_ended(1)
    assert report.outcome is Outcome.FAILED
    assert isinstance(report.error, ServerProtocolError)
    assert "DATA" not in server.verbs()


@pytest.mark.parametrize(
    ("verb", "answer"), [("MAIL", b"354 go on\r\n"), ("DATA", b"250 fine\r\n"), ("RCPT", b"354 x\r\n")]
)
async def test_a_reply_without_meaning_here_ends_the_session(
    smtp: SmtpTransport, verb: str, answer: bytes
) -> None:
    async with scripted({verb: answer}) as server:
        report = await send(smtp, server)
        await server.until_ended(1)
    assert report.outcome is Outcome.FAILED
    assert isinstance(report.error, ServerProtocolError)
    assert not server.contents
