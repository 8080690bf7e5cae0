"""A message arrives as it was composed, at exactly the recipients that stand in its envelope."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.delivery.compose import SenderDefaults, compose
from core.delivery.smtp import SmtpTransport
from core.delivery.smtp.wire import stuffed
from core.errors import OutcomeUnknown, ServerDeferred, ServerRejected
from core.policy.address import parse_mailbox
from core.policy.draft import Draft
from core.values.operation import Outcome
from tests.core.delivery.smtp.servers import Ledger, Post, Vault, envelope, real, scripted, settings

HOSTILE = (
    "first\n.\nMAIL FROM:<evil@evil.test>\n..\n.\r\nRCPT TO:<b@evil.test>\r.\rDATA\r\n.QUIT\n\r\n.\r\n"
    "\r.\r\n\n.\n.leading dot\nlast without an end"
)


async def test_a_message_arrives_byte_for_byte(smtp: SmtpTransport) -> None:
    post = Post()
    async with real(post) as port:
        report = await smtp.send(settings(port), Vault().unlock, envelope(), Ledger().before_data)
    assert report.outcome is Outcome.SENT
    assert report.reply == "250 2.0.0 queued"
    assert [(mail.mail_from, mail.rcpt_tos) for mail in post.received] == [
        ("agent@home.test", ["person@away.test"])
    ]
    assert post.received[0].original_content == envelope().content


async def test_a_body_with_dots_and_commands_is_one_message(smtp: SmtpTransport) -> None:
    draft = Draft(to=(parse_mailbox("a@ok.test"),), subject="Dots", text=HOSTILE, html=HOSTILE)
    composed = compose(draft, SenderDefaults(from_email="me@ok.test"), now=datetime.now(UTC))
    post = Post()
    async with real(post) as port:
        await smtp.send(settings(port), Vault().unlock, composed, Ledger().before_data)
        await smtp.send(settings(port), Vault().unlock, envelope(), Ledger().before_data)
    assert [mail.original_content for mail in post.received] == [composed.content, envelope().content]
    assert post.received[0].rcpt_tos == ["a@ok.test"]


@pytest.mark.parametrize("size", [0, 1, 65_000, 65_530, 65_536, 200_000, 2_000_000])
async def test_a_message_of_any_size_arrives_whole(smtp: SmtpTransport, size: int) -> None:
    content = b"\r\n" + b".234567\r\n" * (size // 9) + b"x" * (size % 9) + b"\r\n"
    post = Post()
    async with real(post) as port:
        report = await smtp.send(
            settings(port), Vault().unlock, envelope(content=content), Ledger().before_data
        )
    assert report.outcome is Outcome.SENT
    assert post.received[0].original_content == content


@given(st.lists(st.sampled_from([b".", b"..", b"\r\n", b"a", b".\r\n", b"\r\n.\r\n"]), max_size=30))
@hypothesis_settings(max_examples=300)
def test_stuffed_content_ends_once_and_unstuffs_to_itself(pieces: list[bytes]) -> None:
    content = b"".join(pieces) + b"\r\n"
    lines = stuffed(content).split(b"\r\n")
    assert lines.index(b".") == len(lines) - 2
    assert b"\r\n".join(line.removeprefix(b".") for line in lines[:-2]) + b"\r\n" == content


@pytest.mark.parametrize("content", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\n.\n", b"no end", b"a\r\r\n", b""])
async def test_content_with_ambiguous_line_ends_never_reaches_a_server(
    smtp: SmtpTransport, content: bytes
) -> None:
    async with scripted() as server:
        with pytest.raises(ValueError, match="CRLF"):
            await smtp.send(
                settings(server.port), Vault().unlock, envelope(content=content), Ledger().before_data
            )
    assert server.connections == 0


ODD_ADDRESSES = [
    "a@ok.test>\r\nRCPT TO:<b@evil.test",
    "a@ok.test> ORCPT=x",
    '"b@evil.test> ORCPT=x"@ok.test',
    "<@relay.evil:a@ok.test>",
    "@relay.evil:a@ok.test",
    "user@ok.test(x)evil.com",
    "a b@ok.test",
    "a@ok.test\0",
    "a@[127.0.0.1]",
    "a@b@c.test",
    "postmaster",
    "",
]


@pytest.mark.parametrize("address", ODD_ADDRESSES)
async def test_an_address_that_could_be_more_than_one_is_refused_not_rewritten(
    smtp: SmtpTransport, address: str
) -> None:
    async with scripted() as server:
        with pytest.raises(ValueError, match="SMTP command"):
            await smtp.send(settings(server.port), Vault().unlock, envelope(address), Ledger().before_data)
    assert server.connections == 0


@pytest.mark.parametrize(
    "address",
    [
        "a+b@ok.test",
        "A.B@ok.test",
        "=?utf-8?q?b=40evil.test?=@ok.test",
        "a%evil.test@ok.test",
        "a..b@ok.test",
    ],
)
async def test_the_recipient_on_the_wire_is_the_string_in_the_envelope(
    smtp: SmtpTransport, address: str
) -> None:
    async with scripted() as server:
        report = await smtp.send(
            settings(server.port), Vault().unlock, envelope(address, sender=address), Ledger().before_data
        )
    assert report.outcome is Outcome.SENT
    assert f"RCPT TO:<{address}>".encode() in server.commands
    assert f"MAIL FROM:<{address}> SIZE={len(envelope().content)}".encode() in server.commands


async def test_smtputf8_is_asked_for_only_when_an_address_needs_it(smtp: SmtpTransport) -> None:
    capabilities = b"250-script.test\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
    async with scripted({"EHLO": capabilities}) as server:
        await smtp.send(settings(server.port), Vault().unlock, envelope(), Ledger().before_data)
        await smtp.send(
            settings(server.port), Vault().unlock, envelope("jürgen@away.test"), Ledger().before_data
        )
    mails = [command for command in server.commands if command.startswith(b"MAIL")]
    assert mails == [b"MAIL FROM:<agent@home.test>", b"MAIL FROM:<agent@home.test> SMTPUTF8"]
    assert "RCPT TO:<jürgen@away.test>".encode() in server.commands


async def test_a_composed_message_with_a_non_ascii_address_arrives(smtp: SmtpTransport) -> None:
    draft = Draft(to=(parse_mailbox("jürgen@bücher.test"),), subject="Grüße", text="Hallo")
    composed = compose(draft, SenderDefaults(from_email="me@ok.test"), now=datetime.now(UTC))
    post = Post()
    async with real(post) as port:
        report = await smtp.send(settings(port), Vault().unlock, composed, Ledger().before_data)
    assert report.outcome is Outcome.SENT
    assert post.received[0].rcpt_tos == ["jürgen@xn--bcher-kva.test"]
    assert {"SMTPUTF8", "BODY=8BITMIME"} <= set(post.received[0].mail_options)
    assert post.received[0].original_content == composed.content


async def test_a_server_without_smtputf8_is_not_bothered(smtp: SmtpTransport) -> None:
    async with scripted() as server:
        report = await smtp.send(
            settings(server.port), Vault().unlock, envelope("jürgen@away.test"), Ledger().before_data
        )
    assert report.outcome is Outcome.FAILED
    assert not report.is_temporary
    assert isinstance(report.error, ServerRejected)
    assert "SMTPUTF8" in str(report.error)
    assert "MAIL" not in server.verbs()


async def test_a_message_that_the_server_says_is_too_large_is_not_sent(smtp: SmtpTransport) -> None:
    async with scripted({"EHLO": b"250-script.test\r\n250 SIZE 20\r\n"}) as server:
        report = await smtp.send(settings(server.port), Vault().unlock, envelope(), Ledger().before_data)
    assert report.outcome is Outcome.FAILED
    assert "at most 20 bytes" in str(report.error)
    assert "MAIL" not in server.verbs()


async def test_a_server_of_old_that_knows_only_helo_is_served(smtp: SmtpTransport) -> None:
    async with scripted({"EHLO": b"502 what\r\n", "HELO": b"250 script.test\r\n"}) as server:
        report = await smtp.send(settings(server.port), Vault().unlock, envelope(), Ledger().before_data)
    assert report.outcome is Outcome.SENT
    assert b"MAIL FROM:<agent@home.test>" in server.commands


async def test_a_greeting_names_this_side_by_its_address_or_as_told(smtp: SmtpTransport) -> None:
    named = SmtpTransport(local_hostname="gate.home.test")
    async with scripted() as server:
        await smtp.send(settings(server.port), Vault().unlock, envelope(), Ledger().before_data)
        await named.send(settings(server.port), Vault().unlock, envelope(), Ledger().before_data)
        await named.close()
    assert [command for command in server.commands if command.startswith(b"EHLO")] == [
        b"EHLO [127.0.0.1]",
        b"EHLO gate.home.test",
    ]


# Results per recipient


async def test_what_each_recipient_was_told_is_kept(smtp: SmtpTransport) -> None:
    answers = [
        b"250 fine\r\n",
        b"550 5.1.1 no such user\r\n",
        b"450 4.2.1 greylisted\r\n",
        b"251 forwards\r\n",
    ]
    async with scripted({"RCPT": answers}) as server:
        report = await smtp.send(
            settings(server.port),
            Vault().unlock,
            envelope("a@x.test", "b@x.test", "c@x.test", "d@x.test"),
            Ledger().before_data,
        )
    assert report.outcome is Outcome.SENT
    assert [(result.address, result.accepted, result.code, result.text) for result in report.recipients] == [
        ("a@x.test", True, 250, "fine"),
        ("b@x.test", False, 550, "5.1.1 no such user"),
        ("c@x.test", False, 450, "4.2.1 greylisted"),
        ("d@x.test", True, 251, "forwards"),
    ]
    assert len(server.contents) == 1


async def test_a_mail_that_every_recipient_refuses_fails_without_data(smtp: SmtpTransport) -> None:
    ledger = Ledger()
    async with scripted({"RCPT": b"550 5.1.1 no such user\r\n"}) as server:
        report = await smtp.send(
            settings(server.port), Vault().unlock, envelope("a@x.test", "b@x.test"), ledger.before_data
        )
    assert report.outcome is Outcome.FAILED
    assert isinstance(report.error, ServerRejected)
    assert not report.is_temporary
    assert [result.code for result in report.recipients] == [550, 550]
    assert report.reply == "550 5.1.1 no such user"
    assert ledger.entries == 0
    assert "DATA" not in server.verbs()


async def test_a_mail_that_some_refuse_for_now_and_none_accepts_can_be_tried_again(
    smtp: SmtpTransport,
) -> None:
    async with scripted({"RCPT": [b"550 no\r\n", b"450 later\r\n"]}) as server:
        report = await smtp.send(
            settings(server.port), Vault().unlock, envelope("a@x.test", "b@x.test"), Ledger().before_data
        )
    assert report.outcome is Outcome.FAILED
    assert isinstance(report.error, ServerDeferred)
    assert report.is_temporary


# The moment before DATA


async def test_before_data_is_awaited_after_the_recipients_and_before_data(smtp: SmtpTransport) -> None:
    seen: list[list[str]] = []
    async with scripted() as server:

        async def before_data() -> None:
            seen.append(server.verbs())

        await smtp.send(settings(server.port), Vault().unlock, envelope(), before_data)
    assert [verbs[-1] for verbs in seen] == ["RCPT"]


async def test_if_before_data_raises_nothing_is_sent_and_the_connection_stays(smtp: SmtpTransport) -> None:
    async with scripted() as server:
        with pytest.raises(RuntimeError, match="disk full"):
            await smtp.send(
                settings(server.port),
                Vault().unlock,
                envelope(),
                Ledger(RuntimeError("disk full")).before_data,
            )
        assert server.verbs()[-1] == "RSET"
        report = await smtp.send(settings(server.port), Vault().unlock, envelope(), Ledger().before_data)
    assert report.outcome is Outcome.SENT
    assert server.connections == 1
    assert len(server.contents) == 1


async def test_an_outcome_that_is_known_is_never_called_unknown(smtp: SmtpTransport) -> None:
    async with scripted({"content": b"554 5.6.0 spam\r\n"}) as server:
        report = await smtp.send(
            settings(server.port), Vault().unlock, envelope("a@x.test", "b@x.test"), Ledger().before_data
        )
    assert report.outcome is Outcome.FAILED
    assert not isinstance(report.error, OutcomeUnknown)
    assert [(result.accepted, result.code) for result in report.recipients] == [(False, 554), (False, 554)]


async def test_timings_name_the_phases_that_happened(smtp: SmtpTransport) -> None:
    async with scripted() as server:
        first = await smtp.send(settings(server.port), Vault().unlock, envelope(), Ledger().before_data)
        second = await smtp.send(settings(server.port), Vault().unlock, envelope(), Ledger().before_data)
    assert set(first.timings) == {"connect", "envelope", "data"}
    assert set(second.timings) == {"envelope", "data"}


@pytest.mark.parametrize(
    ("capabilities", "outcome"),
    [(b"250-script.test\r\n250 8BITMIME\r\n", Outcome.SENT), (b"250 script.test\r\n", Outcome.FAILED)],
)
async def test_a_body_beyond_ascii_needs_8bitmime(
    smtp: SmtpTransport, capabilities: bytes, outcome: Outcome
) -> None:
    content = "Subject: Hello\r\n\r\nGrüße\r\n".encode()
    async with scripted({"EHLO": capabilities}) as server:
        report = await smtp.send(
            settings(server.port), Vault().unlock, envelope(content=content), Ledger().before_data
        )
    assert report.outcome is outcome
    assert (b"MAIL FROM:<agent@home.test> BODY=8BITMIME" in server.commands) is (outcome is Outcome.SENT)
