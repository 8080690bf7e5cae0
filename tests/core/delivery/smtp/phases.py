"""The phases of a dialogue, and a send to a server that is scripted to fail in one of them."""

from __future__ import annotations

from typing import Any

from core.delivery.smtp import SmtpTransport
from core.delivery.transport import DeliveryReport
from core.values.configuration import AuthMechanism
from core.values.operation import Outcome
from tests.core.delivery.smtp.servers import (
    Ledger,
    Script,
    Scripted,
    Vault,
    envelope,
    settings,
)

SHORT = 250  # milliseconds: for the one timeout that is to strike, and room for a busy machine in the others
AUTH = b"250-script.test\r\n250 AUTH PLAIN\r\n"
QUICK = {"socket_timeout": SHORT}
WITH_AUTH = {"auth_mechanism": AuthMechanism.PLAIN}

# The phase, as the script has it; the settings that bring it about; the words that name it.
PHASES: list[tuple[str, dict[str, Any], str]] = [
    ("greeting", {}, "greeting"),
    ("EHLO", {}, "EHLO"),
    ("AUTH", WITH_AUTH, "AUTH"),
    ("MAIL", {}, "MAIL FROM"),
    ("RCPT", {}, "RCPT TO"),
    ("DATA", {}, "DATA"),
]


async def send(
    smtp: SmtpTransport, server: Scripted, ledger: Ledger | None = None, **changes: Any
) -> DeliveryReport:
    report = await smtp.send(
        settings(server.port, **changes),
        Vault().unlock,
        envelope("a@x.test", "b@x.test"),
        (ledger or Ledger()).before_data,
    )
    assert (report.error is None) is (report.outcome is Outcome.SENT)
    return report


def script(verb: str, answer: Any, **others: Any) -> Script:
    return {"EHLO": AUTH, verb: answer, **others} if verb != "EHLO" else {verb: answer, **others}
