"""A configuration in the words of the screen: its row, its facts, the consequence of archiving it."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from textual.content import Content

from core.values.configuration import (
    AuthMechanism,
    CheckStatus,
    ConfigurationFields,
    ConfigurationRow,
    OnUncertain,
    Security,
)
from tui.parsing import in_seconds
from tui.safe import inert, sanitise
from tui.widgets.facts import Fact
from tui.widgets.rows import Column, Row
from tui.wording import ago, bar, dim, exact, marked, number, plural, size

COLUMNS: Final = (
    Column(title="Name", flex=2, at_least=10),
    Column(title="Server", flex=3, at_least=16),
    Column(title="Security", from_width=96),
    Column(title="State"),
    Column(title="Used today", right=True),
    Column(title="", from_width=74),
)

SECURITY: Final = {
    Security.STARTTLS: "STARTTLS",
    Security.IMPLICIT_TLS: "TLS",
    Security.PLAINTEXT: "no TLS",
}

MECHANISM: Final = {
    AuthMechanism.AUTO: "the strongest on offer",
    AuthMechanism.CRAM_MD5: "CRAM-MD5",
    AuthMechanism.PLAIN: "PLAIN",
    AuthMechanism.LOGIN: "LOGIN",
    AuthMechanism.NONE: "none: the server wants no credentials",
}


def state(row: ConfigurationRow, now: datetime) -> Content:
    """Archived, off, or what its last test said."""
    if row.archived_at is not None:
        return marked("ended", "archived")
    if not row.fields.is_active:
        return marked("off", "switched off")
    if row.test_status is CheckStatus.SUCCESS:
        return marked("ok", f"tested {ago(row.last_tested_at, now)}")
    if row.test_status is CheckStatus.FAILED:
        return marked("failed", f"failed {ago(row.last_tested_at, now)}")
    return marked("none", "not tested")


def table_row(row: ConfigurationRow, now: datetime) -> Row[UUID]:
    """One line of the list."""
    fields = row.fields
    name = inert(row.name, "$gate-dim" if row.archived_at else "bold")
    return Row(
        row.id,
        (
            name,
            inert(f"{fields.host}:{fields.port}"),
            dim(SECURITY[fields.security]),
            state(row, now),
            used(row),
            usage_bar(row, 6),
        ),
    )


def used(row: ConfigurationRow) -> Content:
    """`412/1,000`."""
    limit = row.fields.max_emails_per_day
    return Content.assemble(number(row.sent_today), (f"/{number(limit)}", "$gate-dim"))


def usage_bar(row: ConfigurationRow, width: int) -> Content:
    """How much of today's limit is gone; amber from nine tenths on, red at the limit."""
    limit = row.fields.max_emails_per_day
    style = "$primary"
    if row.sent_today >= limit:
        style = "$error"
    elif row.sent_today * 10 >= limit * 9:
        style = "$warning"
    return bar(row.sent_today, limit, width, style)


def sender(fields: ConfigurationFields) -> str:
    """`Work <work@example.com>`, sanitised."""
    address = sanitise(fields.from_email)
    return f"{sanitise(fields.from_name)} <{address}>" if fields.from_name else address


def facts(row: ConfigurationRow, now: datetime) -> list[Fact]:
    """Everything about one configuration; what wants attention first."""
    fields = row.fields
    lines = [Fact("State", state(row, now))]
    if row.test_status is CheckStatus.FAILED and row.test_error_message:
        lines.append(Fact("", inert(row.test_error_message, "$error")))
    lines += [
        Fact("Server", inert(f"{fields.host}:{fields.port}") + dim(f"  {SECURITY[fields.security]}")),
        Fact("Sender", Content(sender(fields))),
    ]
    if fields.reply_to_email:
        lines.append(Fact("Replies go to", inert(fields.reply_to_email)))
    lines += [
        *_sign_in(row),
        Fact("Used today", Content.assemble(used(row), "  ", usage_bar(row, 12))),
        Fact("Written to", dim(f"{plural(row.recipients_today, 'recipient')} today")),
        Fact("A day", Content(f"{plural(fields.max_emails_per_day, 'mail')} (UTC day)")),
        Fact(
            "A mail",
            Content(
                f"{plural(fields.max_recipients_per_email, 'recipient')}, {size(fields.max_message_bytes)} at most"
            ),
        ),
        Fact(
            "If unsure",
            Content(
                "sends again, at the risk of a second copy"
                if fields.on_uncertain is OnUncertain.RETRY
                else "waits for you"
            ),
        ),
        Fact(
            "Timeouts",
            dim(
                f"connect {in_seconds(fields.connection_timeout)} s, "
                f"greeting {in_seconds(fields.greeting_timeout)} s, command {in_seconds(fields.socket_timeout)} s"
            ),
        ),
        Fact(
            "Trusts",
            dim("the certificate given here" if fields.ca_certificate else "the system's authorities"),
        ),
        Fact("Last test", dim(exact(row.last_tested_at))),
        Fact("Created", dim(exact(row.created_at))),
        Fact("Changed", dim(exact(row.updated_at))),
    ]
    if row.archived_at is not None:
        lines.append(Fact("Archived", dim(exact(row.archived_at))))
    lines.append(Fact("Id", dim(str(row.id))))
    return lines


def _sign_in(row: ConfigurationRow) -> list[Fact]:
    fields = row.fields
    if fields.auth_mechanism is AuthMechanism.NONE or not fields.username:
        return [Fact("Signs in as", dim("nobody: the server wants no credentials"))]
    kept = "kept, encrypted" if row.has_password else "none kept"
    how = "" if fields.auth_mechanism is AuthMechanism.AUTO else f", {MECHANISM[fields.auth_mechanism]}"
    return [Fact("Signs in as", inert(fields.username)), Fact("Password", dim(kept + how))]


def archive_consequence(row: ConfigurationRow, agents: tuple[str, ...]) -> Content:
    """What follows from archiving, spelled out."""
    who = (
        f"{plural(len(agents), 'agent')} can no longer send through it: {sanitise(', '.join(agents))}."
        if agents
        else "No agent sends through it now."
    )
    return Content(
        f"“{sanitise(row.name)}” sends nothing from then on. {who}\n\n"
        "Its password is destroyed. Its log stays. This can't be undone; you can add it again."
    )
