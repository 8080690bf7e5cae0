"""How `gatepost configs` draws a configuration and the report of a test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.values.configuration import (
    CheckStatus,
    ConfigurationFields,
    ConfigurationRow,
    StepStatus,
    TestReport,
)
from tui.cli import wording
from tui.cli.output import Output, clean
from tui.cli.session import Session
from tui.cli.table import Column, Marked, facts, table


def server(row: ConfigurationRow) -> str:
    """smtp.example.com:587 STARTTLS"""
    words = {"starttls": " STARTTLS", "tls": " TLS", "none": ""}
    return f"{row.fields.host}:{row.fields.port}{words[row.fields.security.value]}"


def state(row: ConfigurationRow) -> Marked:
    """Archived, inactive, or how the last test went."""
    if row.archived_at is not None:
        return Marked("none", f"archived {wording.ago(row.archived_at)}")
    if not row.fields.is_active:
        return Marked("off", "inactive")
    match row.test_status:
        case CheckStatus.SUCCESS:
            return Marked("sent", f"tested {wording.ago(row.last_tested_at)}")
        case CheckStatus.FAILED:
            return Marked("failed", "test failed")
        case CheckStatus.PENDING:
            return Marked("none", "not tested")


def show_row(session: Session, row: ConfigurationRow) -> None:
    """Write everything about a configuration, as facts or as JSON."""
    if session.as_json:
        session.out.json(row)
        return
    fields = row.fields
    sender = f"{fields.from_name} <{fields.from_email}>" if fields.from_name else fields.from_email
    pairs: Sequence[tuple[str, Any]] = (
        ("Name", row.name),
        ("Id", str(row.id)),
        ("State", state(row)),
        ("Server", server(row)),
        ("Login", f"{fields.username or '–'} ({fields.auth_mechanism.value})"),
        ("Password", "in the vault" if row.has_password else "none"),
        ("From", sender),
        ("Reply-To", fields.reply_to_email),
        ("Today (UTC)", f"{row.sent_today:,} of {fields.max_emails_per_day:,} mails"),
        (
            "A mail",
            f"{wording.plural(fields.max_recipients_per_email, 'recipient')}, "
            f"{wording.size(fields.max_message_bytes)}",
        ),
        ("Timeouts", _timeouts(fields)),
        ("Trusts", "its own certificates" if fields.ca_certificate else "the system's authorities"),
        ("If unknown", "waits for you" if fields.on_uncertain.value == "wait" else "is sent again"),
        ("Tested", wording.exact(row.last_tested_at)),
        ("Test error", row.test_error_message),
        ("Created", wording.exact(row.created_at)),
        ("Changed", wording.exact(row.updated_at)),
    )
    facts(session.out, pairs)


def _timeouts(fields: ConfigurationFields) -> str:
    timeouts = (
        ("connect", fields.connection_timeout),
        ("greeting", fields.greeting_timeout),
        ("answers", fields.socket_timeout),
    )
    return ", ".join(f"{name} {_ms(value)}" for name, value in timeouts)


def _ms(milliseconds: int) -> str:
    return f"{milliseconds // 1000} s" if milliseconds % 1000 == 0 else f"{milliseconds} ms"


def show_report(out: Output, report: TestReport) -> None:
    """Write what a test saw, step by step, and what to do if one failed."""
    marks = {StepStatus.PASSED: "good", StepStatus.FAILED: "bad", StepStatus.SKIPPED: "none"}
    table(
        out,
        [Column("Step"), Column("ms", right=True), Column("Seen", least=30)],
        [
            (
                Marked(marks[step.status], step.name),
                None if step.status is StepStatus.SKIPPED else step.took_ms,
                step.detail,
            )
            for step in report.steps
        ],
    )
    if report.certificate_subject:
        out.data()
        facts(
            out,
            [
                ("Certificate", report.certificate_subject),
                ("Issued by", report.certificate_issuer),
                ("For", ", ".join(report.certificate_names)),
                ("Expires", wording.exact(report.certificate_expires_at)),
            ],
        )
    out.data()
    if report.ok:
        out.data(out.marked("good", f"Everything works, in {report.took_ms:,} ms. Nothing was sent."))
    else:
        out.data(out.marked("bad", clean(report.error_message or report.error_code)))
        if report.remedy:
            out.data(clean(report.remedy))
