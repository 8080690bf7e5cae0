from __future__ import annotations

import asyncio
import logging
import random
import smtplib
import socket
import ssl
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dev_server import (
    AddressUnavailable,
    CaptureServer,
    CaptureStore,
    PortInUse,
    RemoteRefused,
    ServerError,
    SettingsInvalid,
)
from tests.dev_server.conftest import Connect

MAIL = b"Subject: hello\r\nFrom: a@b.test\r\n\r\nbody\r\n"


def trusting(server: CaptureServer) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=server.certificate_pem)


async def send(server: CaptureServer, raw: bytes = MAIL, **options: object) -> None:
    await aiosmtplib.send(
        raw,
        sender="a@b.test",
        recipients=["c@d.test"],
        hostname=server.host,
        port=server.port,
        start_tls=False,
        **options,  # type: ignore[arg-type]
    )


# Real clients


async def test_smtplib_sends_over_verified_starttls_with_a_login(
    server: CaptureServer, store: CaptureStore
) -> None:
    def client() -> None:
        with smtplib.SMTP("localhost", server.port, local_hostname="client.test") as smtp:
            smtp.starttls(context=trusting(server))
            smtp.login("robot", "secret")
            smtp.sendmail("a@b.test", ["to@d.test", "bcc@d.test"], MAIL)

    await asyncio.to_thread(client)
    (message,) = store.list()
    assert store.raw(message.id) == MAIL
    assert message.recipients == ("to@d.test", "bcc@d.test")
    assert (message.tls, message.auth_user, message.helo) == ("TLSv1.3", "robot", "client.test")
    assert message.peer.startswith("127.0.0.1:")


async def test_aiosmtplib_sends_text_in_any_language_to_any_address(
    server: CaptureServer, store: CaptureStore
) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "Привет 👋", "Jörg <jörg@bücher.test>", "用户@例子.test"
    mail.set_content("今日は\n.\n..dots\n")
    await aiosmtplib.send(
        mail,
        hostname="127.0.0.1",
        port=server.port,
        start_tls=True,
        tls_context=trusting(server),
    )
    (message,) = store.list()
    assert message.subject == "Привет 👋"
    assert message.sender == "jörg@bücher.test"
    assert message.recipients == ("用户@例子.test",)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
async def test_implicit_tls_is_verified_by_name_and_by_address(store: CaptureStore, name: str) -> None:
    def client(port: int, context: ssl.SSLContext) -> None:
        with smtplib.SMTP_SSL(name, port, context=context) as smtp:
            smtp.sendmail("", ["c@d.test"], MAIL)

    async with CaptureServer(store, tls_port=0) as server:
        assert server.tls_port
        await asyncio.to_thread(client, server.tls_port, trusting(server))
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.to_thread(client, server.tls_port, ssl.create_default_context())
    (message,) = store.list()
    assert (message.sender, message.tls) == ("", "TLSv1.3")


async def test_ipv6_loopback_works_and_its_certificate_too(store: CaptureStore) -> None:
    async with CaptureServer(store, "::1") as server:
        await aiosmtplib.send(
            MAIL,
            sender="a@b.test",
            recipients=["c@d.test"],
            hostname="::1",
            port=server.port,
            start_tls=True,
            tls_context=trusting(server),
        )
    assert store.list()[0].peer.startswith("[::1]:")


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
async def test_each_mechanism_takes_the_right_password_and_no_other(
    store: CaptureStore, mechanism: str
) -> None:
    async with CaptureServer(store, logins={"röbot": "pässword"}, require_auth=True) as server:

        async def login(name: str, password: str) -> None:
            client = aiosmtplib.SMTP(hostname=server.host, port=server.port, start_tls=False)
            async with client:
                await client.ehlo()
                method = getattr(client, f"auth_{mechanism.lower().replace('-', '')}")
                await method(name, password)
                await client.sendmail("a@b.test", ["c@d.test"], MAIL)

        for name, password in (("röbot", "wrong"), ("other", "pässword"), ("röbot", "")):
            with pytest.raises(aiosmtplib.SMTPAuthenticationError) as caught:
                await login(name, password)
            assert caught.value.code in (501, 535)
        await login("röbot", "pässword")
    assert [message.auth_user for message in store.list()] == ["röbot"]


async def test_many_clients_at_once_lose_nothing(store: CaptureStore) -> None:
    async def client(server: CaptureServer, number: int) -> None:
        async with aiosmtplib.SMTP(hostname=server.host, port=server.port, start_tls=False) as smtp:
            for mail in range(5):
                await smtp.sendmail(
                    f"{number}@b.test", ["c@d.test"], b"Subject: %d-%d\r\n\r\n" % (number, mail)
                )

    async with CaptureServer(store) as server:
        await asyncio.gather(*(client(server, number) for number in range(40)))
        assert store.count() == 200
    subjects = {message.subject for message in store.list()}
    assert subjects == {f"{number}-{mail}" for number in range(40) for mail in range(5)}


awkward_bytes = st.lists(
    st.sampled_from([b"\r\n", b"\n", b"\r", b".", b"..", b"\r\n.", b"a", b"\xff", b"\x00", b":"]), max_size=30
).map(b"".join)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=awkward_bytes)
async def test_a_body_is_stored_byte_for_byte_as_it_was_sent(body: bytes) -> None:
    message = body + b"\r\n"
    with CaptureStore.open(":memory:") as store:
        async with CaptureServer(store) as server:
            reader, writer = await asyncio.open_connection(server.host, server.port)
            lines = [b"." + line if line.startswith(b".") else line for line in message.split(b"\r\n")]
            for command in (b"EHLO c", b"MAIL FROM:<a@b.test>", b"RCPT TO:<c@d.test>", b"DATA"):
                writer.write(command + b"\r\n")
            writer.write(b"\r\n".join(lines) + b".\r\nQUIT\r\n")
            await reader.read()
            writer.close()
        assert [store.raw(row.id) for row in store.list()] == [message]


# The protocol


async def test_pipelined_commands_are_answered_in_order_in_one_packet(
    server: CaptureServer, connect: Connect
) -> None:
    client = await connect(server.port)
    assert "PIPELINING" in await client.ask("EHLO client.test")
    await client.send(b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nRCPT TO:<oops\r\nDATA\r\n")
    packet = await client.reader.read(10_000)
    assert [line[:3] for line in packet.splitlines()] == [b"250", b"250", b"501", b"354"]
    await client.send(b"one\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n")
    assert [(await client.reply())[:3] for _ in range(4)] == ["250", "250", "250", "354"]
    await client.send(b"two\r\n.\r\nQUIT\r\n")
    assert [(await client.reply())[:3] for _ in range(2)] == ["250", "221"]
    assert await client.reply() == ""


async def test_a_client_that_sends_all_and_closes_its_side_is_still_answered(
    server: CaptureServer, store: CaptureStore, connect: Connect
) -> None:
    client = await connect(server.port)
    await client.send(b"EHLO c\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\nhi\r\n.\r\n")
    client.writer.write_eof()
    answer = await client.reader.read()
    assert answer.splitlines()[-1].startswith(b"250 2.0.0")
    assert store.count() == 1


async def test_a_message_that_ends_in_the_middle_is_not_stored(
    server: CaptureServer, store: CaptureStore, connect: Connect
) -> None:
    client = await connect(server.port)
    await client.begin_mail()
    await client.send(b"half a mess")
    client.writer.write_eof()
    assert await client.reader.read() == b""
    assert store.count() == 0


@pytest.mark.parametrize(
    "ending", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\r\n\x00.\r\n"]
)
async def test_smuggled_endings_make_one_message(
    server: CaptureServer, store: CaptureStore, connect: Connect, ending: bytes
) -> None:
    client = await connect(server.port)
    await client.begin_mail()
    smuggled = b"one" + ending + b"MAIL FROM:<evil@x.test>\r\nRCPT TO:<v@x.test>\r\nDATA\r\ntwo\r\n"
    await client.send(smuggled + b".\r\n")
    assert (await client.reply()).startswith("250")
    (message,) = store.list()
    assert message.sender == "a@b.test"
    assert store.raw(message.id) == smuggled.replace(b"\r\n.", b"\r\n")


async def test_what_follows_starttls_in_clear_is_not_obeyed(server: CaptureServer, connect: Connect) -> None:
    client = await connect(server.port)
    await client.ask("EHLO client.test")
    await client.send(b"STARTTLS\r\nMAIL FROM:<evil@x.test>\r\n")
    assert (await client.reply()).startswith("220")
    await client.writer.start_tls(trusting(server), server_hostname="localhost")
    assert (await client.ask("MAIL FROM:<a@b.test>")).startswith("503")
    answer = await client.ask("EHLO client.test")
    assert "STARTTLS" not in answer
    assert (await client.ask("MAIL FROM:<a@b.test>")).startswith("250")


async def test_a_failed_handshake_ends_that_session_only(
    server: CaptureServer, store: CaptureStore, connect: Connect
) -> None:
    client = await connect(server.port)
    await client.ask("EHLO client.test")
    assert (await client.ask("STARTTLS")).startswith("220")
    await client.send(b"this is no handshake\r\n" * 10)
    assert b"220" not in await client.reader.read()
    await send(server)
    assert store.count() == 1


@pytest.mark.parametrize(
    ("commands", "code"),
    [
        (["MAIL FROM:<a@b.test>"], "503"),
        (["EHLO c", "RCPT TO:<c@d.test>"], "503"),
        (["EHLO c", "DATA"], "503"),
        (["EHLO c", "MAIL FROM:<a@b.test>", "DATA"], "503"),
        (["EHLO c", "MAIL FROM:<a@b.test>", "MAIL FROM:<a@b.test>"], "503"),
        (["EHLO c", "MAIL FROM:<a@b.test>", "RCPT TO:<>"], "501"),
        (["EHLO c", "MAIL FROM:<a@b.test> SIZE=99999999999"], "552"),
        (["EHLO c", "MAIL FROM:<a@b.test> BODY=BINARYMIME"], "555"),
        (["EHLO c", "MAIL FROM:<a@b.test> X=Y"], "555"),
        (["EHLO c", "MAIL FROM:<ä@b.test>"], "553"),
        (["EHLO c", "MAIL FROM:<ä@b.test> SMTPUTF8", "RCPT TO:<ö@d.test>"], "250"),
        (["EHLO c", "MAIL FROM:<>", "RCPT TO:<postmaster>"], "250"),
        (["HELO c", "MAIL FROM:<a@b.test>"], "250"),
        (["EHLO c", "MAIL FROM:<a@b.test> AUTH=<>"], "250"),
        (["EHLO c", "AUTH"], "501"),
        (["EHLO c", "AUTH NTLM"], "504"),
        (["EHLO c", "AUTH plain AGEAYg=="], "235"),
        (["EHLO c", "AUTH PLAIN !!"], "501"),
        (["EHLO c", "AUTH PLAIN AGEAYg==", "AUTH PLAIN AGEAYg=="], "503"),
        (["EHLO c", "BDAT 10 LAST"], "500"),
        (["EHLO"], "501"),
        (["VRFY a@b.test"], "252"),
        (["EXPN list"], "502"),
        (["NOOP"], "250"),
        (["RSET"], "250"),
        (["HELP"], "214"),
        (["nonsense"], "500"),
        ([""], "500"),
    ],
)
async def test_commands_are_answered_as_the_standard_says(
    server: CaptureServer, connect: Connect, commands: list[str], code: str
) -> None:
    client = await connect(server.port)
    for command in commands:
        answer = await client.ask(command)
    assert answer[:3] == code
    if not commands[-1].startswith(("EHLO", "HELO")):
        assert answer[4:5] == code[0], "no enhanced status code"
    assert (await client.ask("QUIT")).startswith("221")


async def test_rset_and_ehlo_forget_the_mail(server: CaptureServer, connect: Connect) -> None:
    client = await connect(server.port)
    for forget in ("RSET", "EHLO c"):
        await client.ask("EHLO c")
        await client.ask("MAIL FROM:<a@b.test>")
        await client.ask(forget)
        assert (await client.ask("RCPT TO:<c@d.test>")).startswith("503")


async def test_what_the_server_requires_comes_first(store: CaptureStore, connect: Connect) -> None:
    async with CaptureServer(store, require_tls=True, require_auth=True, auth_without_tls=False) as server:
        client = await connect(server.port)
        assert "AUTH" not in await client.ask("EHLO c")
        assert (await client.ask("MAIL FROM:<a@b.test>")).startswith("530")
        assert (await client.ask("AUTH PLAIN AGEAYg==")).startswith("530")
        await client.ask("STARTTLS")
        await client.writer.start_tls(trusting(server), server_hostname="localhost")
        assert "AUTH" in await client.ask("EHLO c")
        assert (await client.ask("MAIL FROM:<a@b.test>")).startswith("530")
        assert (await client.ask("AUTH PLAIN AGEAYg==")).startswith("235")
        assert (await client.ask("MAIL FROM:<a@b.test>")).startswith("250")


async def test_auth_and_starttls_are_not_offered_where_they_are_off(
    store: CaptureStore, connect: Connect
) -> None:
    async with CaptureServer(store, starttls=False, logins="none") as server:
        client = await connect(server.port)
        offers = await client.ask("EHLO c")
        assert "AUTH" not in offers and "STARTTLS" not in offers
        assert (await client.ask("AUTH PLAIN AGEAYg==")).startswith("502")
        assert (await client.ask("STARTTLS")).startswith("502")


# Limits and hostile clients


async def test_too_large_too_many_and_then_a_right_one(store: CaptureStore, connect: Connect) -> None:
    async with CaptureServer(store, max_message_bytes=1000, max_recipients=3) as server:
        client = await connect(server.port)
        assert "SIZE 1000" in await client.ask("EHLO c")
        assert (await client.ask("MAIL FROM:<a@b.test> SIZE=1001")).startswith("552")
        assert (await client.ask("MAIL FROM:<a@b.test> SIZE=1000")).startswith("250")
        answers = [await client.ask(f"RCPT TO:<{number}@d.test>") for number in range(5)]
        assert [answer[:3] for answer in answers] == ["250", "250", "250", "452", "452"]
        await client.ask("DATA")
        await client.send(b"x" * 100_000 + b"\r\n.\r\n")
        assert (await client.reply()).startswith("552")
        await client.begin_mail()
        await client.send(b"x" * 998 + b"\r\n.\r\n")
        assert (await client.reply()).startswith("250")
    assert [message.size_bytes for message in store.list()] == [1000]


async def test_lines_of_any_length_are_taken_in_data_and_refused_in_commands(
    server: CaptureServer, store: CaptureStore, connect: Connect
) -> None:
    client = await connect(server.port)
    await client.begin_mail()
    body = b"x" * 300_000 + b"\n" + b"y" * 300_000 + b"\r\n"
    await client.send(body + b".\r\n")
    assert (await client.reply()).startswith("250")
    assert store.raw(1) == body
    assert (await client.ask(b"NOOP " + b"x" * 300_000)).startswith("500")
    assert (await client.ask(b"NOOP \xff")).startswith("500")
    assert (await client.ask("NOOP")).startswith("250")


async def test_a_flood_of_commands_ahead_of_a_message_is_taken_in_turn(
    server: CaptureServer, store: CaptureStore, connect: Connect
) -> None:
    client = await connect(server.port)
    flood = b"NOOP\r\n" * 30_000
    mail = (
        b"EHLO c\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n"
        + b"x" * 200_000
        + b"\r\n.\r\nQUIT\r\n"
    )

    async def read() -> bytes:
        return await client.reader.read()

    reading = asyncio.create_task(read())
    await client.send(flood + mail)
    answers = (await reading).splitlines()
    assert len([answer for answer in answers if answer == b"250 2.0.0 OK"]) == 30_000
    assert answers[-1].startswith(b"221")
    assert store.list()[0].size_bytes == 200_002


async def test_at_the_limit_of_connections_the_next_gets_421_and_a_freed_place_is_used(
    store: CaptureStore, connect: Connect
) -> None:
    async with CaptureServer(store, max_connections=20) as server:
        idle = [await connect(server.port) for _ in range(20)]
        reader, writer = await asyncio.open_connection(server.host, server.port)
        assert (await reader.read()).startswith(b"421 4.3.2")
        writer.close()
        assert (await idle[0].ask("QUIT")).startswith("221")
        assert await idle[0].reply() == ""
        await send(server)
    assert store.count() == 1


async def test_a_session_that_is_idle_for_too_long_is_told_so_and_closed(
    store: CaptureStore, connect: Connect
) -> None:
    async with CaptureServer(store, idle_timeout=0.5) as server:
        waiting, half = await connect(server.port), await connect(server.port)
        await half.begin_mail()
        await half.send(b"no end")
        assert (await waiting.reply()).startswith("421 4.4.2")
        assert (await half.reply()).startswith("421 4.4.2")
        assert await waiting.reply() == ""


async def test_messages_beyond_the_memory_for_all_sessions_are_deferred(
    store: CaptureStore, connect: Connect
) -> None:
    async with CaptureServer(store, max_bytes_in_flight=100_000) as server:
        first, second = await connect(server.port), await connect(server.port)
        await first.begin_mail()
        await second.begin_mail()
        await first.send(b"x" * 1_000_000 + b"\r\n.\r\n")
        assert (await first.reply()).startswith("452 4.3.1")
        await second.send(b"x" * 50_000 + b"\r\n.\r\n")
        assert (await second.reply()).startswith("250")
        await first.begin_mail()
        await first.send(b"x" * 50_000 + b"\r\n.\r\n")
        assert (await first.reply()).startswith("250")


async def test_a_browser_and_a_stream_of_nonsense_are_hung_up_on(
    server: CaptureServer, connect: Connect
) -> None:
    browser, babbler = await connect(server.port), await connect(server.port)
    await browser.send(b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\nEHLO c\r\nMAIL FROM:<evil@x.test>\r\n")
    answer = await browser.reader.read()
    assert answer.startswith(b"421") and b"250" not in answer
    await babbler.send(b"blah\r\n" * 100)
    answers = (await babbler.reader.read()).splitlines()
    assert answers[-1].startswith(b"421") and len(answers) < 30


HOSTILE = [
    b"",
    b"\r\n",
    b"\x00" * 1000 + b"\r\n",
    b"X-%d: y\r\n" % 1 * 50_000 + b"\r\nbody\r\n",
    b"Subject: \xff\xfe\r\nFrom: =?x-unknown?b?////?=\r\nMessage-ID:\x00\r\n\r\n\r\n",
    b"Subject:" + b" x\r\n" * 50_000,
    b"Subject: =?utf-8?q?a=0D=0ABcc:_e@x.test?=\r\n\r\n\r\n",
    b"Content-Type: multipart/mixed\r\n\r\nno boundary\r\n",
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\nContent-Disposition: x; filename=" * 3000
    + b"\r\n",
    b"To: " + b"a@b.test,\r\n " * 20_000 + b"c@d.test\r\n\r\n\r\n",
    b"\x1b]52;c;x\x07 [/] [@click=app.quit]x\xe2\x80\xae\r\n",
]


async def test_hostile_messages_are_stored_as_they_came(
    server: CaptureServer, store: CaptureStore, connect: Connect
) -> None:
    client = await connect(server.port)
    for raw in HOSTILE:
        await client.begin_mail()
        await client.send(raw + b".\r\n")
        assert (await client.reply()).startswith("250")
    rows = store.since(0)
    assert [store.raw(row.id) for row in rows] == HOSTILE


async def test_random_commands_neither_break_a_session_nor_leave_one_behind(
    server: CaptureServer, store: CaptureStore, caplog: pytest.LogCaptureFixture
) -> None:
    chance = random.Random(20260301)
    words = [
        b"EHLO c",
        b"HELO",
        b"MAIL FROM:<a@b.test>",
        b"MAIL FROM:<> SIZE=x",
        b"RCPT TO:<c@d.test>",
        b"RCPT TO:",
        b"DATA",
    ]
    words += [
        b".",
        b"\r\n.",
        b"RSET",
        b"AUTH LOGIN",
        b"AUTH CRAM-MD5",
        b"*",
        b"=",
        b"STARTTLS",
        b"\xff\x00",
        b"x" * 20_000,
        b"",
    ]
    ends = [b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b""]

    async def session() -> None:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        for _ in range(chance.randrange(30)):
            writer.write(chance.choice(words) + chance.choice(ends))
        with suppress(OSError):
            if chance.random() < 0.7:
                writer.write_eof()
                await reader.read()
            writer.transport.abort()

    for _ in range(20):
        await asyncio.gather(*(session() for _ in range(15)))
    await send(server)
    assert store.list(limit=1)[0].subject == "hello"
    await server.stop()
    assert not [
        record for record in caplog.records if record.name != "mail.log" and record.levelno >= logging.WARNING
    ]


# Promises about the store


async def test_a_full_store_answers_452_and_loses_nothing(tmp_path: Path, connect: Connect) -> None:
    with CaptureStore.open(tmp_path / "capture.db", max_bytes=300_000) as store:
        async with CaptureServer(store) as server:
            client = await connect(server.port)
            accepted = 0
            for _ in range(10):
                await client.begin_mail()
                await client.send(b"x" * 100_000 + b"\r\n.\r\n")
                answer = await client.reply()
                accepted += answer.startswith("250")
            assert answer.startswith("452 4.3.1")
            assert store.count() == accepted > 0
            store.clear()
            await send(server)


async def test_a_message_too_large_for_the_store_takes_no_other_with_it(tmp_path: Path) -> None:
    with CaptureStore.open(tmp_path / "capture.db", max_bytes=300_000) as store:
        async with CaptureServer(store) as server:
            mails = [b"x" * 400_000, *(b"small" for _ in range(20))]
            outcomes = await asyncio.gather(*(send(server, raw) for raw in mails), return_exceptions=True)
        failed = [outcome for outcome in outcomes if outcome is not None]
        assert [type(failure) for failure in failed] == [aiosmtplib.SMTPDataError]
        assert outcomes[0] is failed[0]
        assert store.count() == 20


async def test_a_closed_store_answers_451_instead_of_250(connect: Connect) -> None:
    store = CaptureStore.open(":memory:")
    async with CaptureServer(store) as server:
        store.close()
        client = await connect(server.port)
        await client.begin_mail()
        await client.send(b"x\r\n.\r\n")
        assert (await client.reply()).startswith("451 4.3.0")


async def test_stopping_lets_a_mail_finish_and_dismisses_who_waits(
    store: CaptureStore, connect: Connect
) -> None:
    server = CaptureServer(store)
    await server.start()
    busy, idle = await connect(server.port), await connect(server.port)
    await busy.begin_mail()
    stopping = asyncio.create_task(server.stop())
    assert (await idle.reply()).startswith("421 4.3.2")
    await busy.send(b"last\r\n.\r\n")
    assert (await busy.reply()).startswith("250")
    assert (await busy.reply()).startswith("421")
    await stopping
    assert (store.count(), server.running) == (1, False)
    await server.stop()
    await server.start()
    await send(server)
    await server.stop()


async def test_stopping_cuts_off_who_does_not_finish(store: CaptureStore, connect: Connect) -> None:
    server = CaptureServer(store)
    await server.start()
    slow = await connect(server.port)
    await slow.begin_mail()
    await server.stop(grace=0.05)
    with pytest.raises((ConnectionError, EOFError)):
        assert not await slow.reader.read()
        raise EOFError


# Starting


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
async def test_other_machines_are_refused_unless_allowed(store: CaptureStore, host: str) -> None:
    server = CaptureServer(store, host)
    with pytest.raises(RemoteRefused) as caught:
        await server.start()
    assert caught.value.remedy and not server.running


async def test_other_machines_are_let_in_when_that_is_said(store: CaptureStore) -> None:
    async with CaptureServer(store, "0.0.0.0", allow_remote=True) as server:
        assert server.host == "0.0.0.0"


async def test_a_port_in_use_and_an_address_of_nobody_are_named(
    server: CaptureServer, store: CaptureStore
) -> None:
    with pytest.raises(PortInUse, match=str(server.port)):
        await CaptureServer(store, port=server.port).start()
    with pytest.raises(PortInUse):
        await CaptureServer(store, tls_port=server.port).start()
    with pytest.raises(AddressUnavailable):
        await CaptureServer(store, "192.0.2.1", allow_remote=True).start()
    with pytest.raises(AddressUnavailable):
        await CaptureServer(store, "no such host", allow_remote=True).start()
    with pytest.raises(AddressUnavailable):
        await CaptureServer(store, "").start()


async def test_what_contradicts_itself_is_refused(store: CaptureStore, server: CaptureServer) -> None:
    for options in (
        {"require_auth": True, "logins": "none"},
        {"require_tls": True, "starttls": False},
        {"port": 70_000},
        {"max_recipients": 0},
        {"idle_timeout": -1},
        {"logins": "anybody"},
    ):
        with pytest.raises(SettingsInvalid):
            CaptureServer(store, **options)
    with pytest.raises(ServerError, match="running already"):
        await server.start()
    with pytest.raises(ServerError, match="certificate"):
        CaptureServer(store).certificate_pem  # noqa: B018
    assert "geheim" not in repr(CaptureServer(store, logins={"a": "geheim"}).settings)


async def test_the_port_is_free_again_after_stopping(store: CaptureStore) -> None:
    async with CaptureServer(store) as server:
        port = server.port
    async with CaptureServer(store, port=port):
        pass
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        pass
