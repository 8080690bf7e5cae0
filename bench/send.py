"""Mails through the whole pipeline against raw aiosmtplib: the same server, the same number of connections.

Raw sends finished bytes. The pipeline parses, judges, composes, takes from two limits, puts the mail into the
outbox, records the start of DATA, sends, and records outcome and log row: three committed transactions a mail.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from aiosmtplib import SMTP

from bench.report import Figure, Options, median_and_spread, options, show
from core.delivery.compose import SenderDefaults, compose
from core.delivery.smtp import SmtpTransport
from core.policy.draft import MailRequest
from core.policy.intake import parse_request
from core.testing import FixedClock, MemoryKeyStore
from core.values.configuration import AuthMechanism, ConfigurationFields, Security
from core.values.grant import GrantFields
from core.values.operation import Outcome
from core.workspace import Workspace

CONNECTIONS = 10
# More agents want to send than there are connections; raw has one sender per connection, which is all it can use.
AGENTS = 40
TARGET = 2.0
SENDER = "ada@example.com"
REQUEST = MailRequest(
    to=("kim@example.org",), subject="Your order 4711", text="Dear Kim,\n\n" + "It is on its way.\n" * 40
)


def main() -> int:
    how = options(__doc__ or "")
    with capture_server() as port:
        raw, governed = asyncio.run(_measure(port, how))
    raw_ms, raw_spread = median_and_spread(raw)
    governed_ms, governed_spread = median_and_spread(governed)
    ratio = governed_ms / raw_ms
    return show(
        "send",
        [
            Figure(
                what=f"raw aiosmtplib, {CONNECTIONS} connections",
                value=raw_ms,
                unit="ms/mail",
                spread=raw_spread,
            ),
            Figure(
                what=f"the whole pipeline on SQLite, {AGENTS} at once, {CONNECTIONS} connections",
                value=governed_ms,
                unit="ms/mail",
                spread=governed_spread,
                baseline=raw_ms,
                ratio=ratio,
                target=f"≤ {TARGET}× raw",
                met=ratio <= TARGET,
            ),
            Figure(what="the same as mails a second", value=1000 / governed_ms, unit="mails/s"),
        ],
        how,
    )


async def _measure(port: int, how: Options) -> tuple[list[float], list[float]]:
    """Milliseconds per mail and round, raw and governed, in alternating rounds after one of warming up."""
    rounds, mails = (3, 800) if how.is_quick else (9, 2000)
    envelope = compose(
        parse_request(REQUEST),
        SenderDefaults(from_email=SENDER, from_name=None, reply_to_email=None),
        now=FixedClock().now(),
    )
    clients = [
        SMTP(hostname="127.0.0.1", port=port, start_tls=False, use_tls=False) for _ in range(CONNECTIONS)
    ]
    for client in clients:
        await client.connect()

    async def send_raw(sender: int) -> None:
        errors, _ = await clients[sender].sendmail(envelope.sender, envelope.recipients, envelope.content)
        assert not errors

    with tempfile.TemporaryDirectory() as folder:
        async with await Workspace.open(
            str(Path(folder) / "workspace.sqlite3"),
            key_store=MemoryKeyStore(),
            transport=SmtpTransport(connections_per_configuration=CONNECTIONS),
        ) as workspace:
            configuration = await workspace.configurations.create(
                ConfigurationFields(
                    connection_name="Bench",
                    host="127.0.0.1",
                    port=port,
                    security=Security.PLAINTEXT,
                    auth_mechanism=AuthMechanism.NONE,
                    from_email=SENDER,
                    max_emails_per_day=1_000_000,
                ),
                None,
            )
            agent = await workspace.agents.create("bench")
            await workspace.grants.give(
                agent.id, configuration.id, GrantFields(allowed_recipients=("@example.org",))
            )

            async def send_governed(sender: int) -> None:
                result = await workspace.mail.send(agent.id, configuration.id, REQUEST)
                assert result.outcome is Outcome.SENT, result

            raw, governed = [], []
            for turn in range(rounds + 1):
                raw_ms = await _round(send_raw, mails, senders=CONNECTIONS)
                governed_ms = await _round(send_governed, mails, senders=AGENTS)
                if turn:
                    raw.append(raw_ms)
                    governed.append(governed_ms)
    for client in clients:
        await client.quit()
    return raw, governed


async def _round(send: Callable[[int], Awaitable[None]], mails: int, *, senders: int) -> float:
    """Milliseconds per mail with every sender busy."""

    async def work(sender: int) -> None:
        for _ in range(mails // senders):
            await send(sender)

    started = perf_counter()
    await asyncio.gather(*(work(sender) for sender in range(senders)))
    return (perf_counter() - started) * 1000 / mails


@contextmanager
def capture_server() -> Iterator[int]:
    """The bundled capture server in a process of its own; gives its port."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "dev_server", "--port", "0", "--store", str(Path(folder) / "captures.db")],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        try:
            yield int(json.loads(process.stdout.readline())["port"])
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()


if __name__ == "__main__":
    raise SystemExit(main())
