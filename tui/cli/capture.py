"""`gatepost capture`: the capture server and what it took.

JSON shapes: `list` and `export --json` give an array of message: id, received_at, sender, recipients, subject, from,
message_id, size_bytes, has_attachments, peer, tls, auth_user, helo. `show` adds headers (pairs of name and value),
text, html, html_as_text, parts, attachments, problems. `serve` prints a line
`{"event": "listening", host, port, tls_port, store}`, then a line `{"event": "captured", …message}` a mail. `clear`
prints `{"deleted"}`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli import encode, wording
from tui.cli.capture_store import open_store, store_option, summary
from tui.cli.commands import GateGroup
from tui.cli.output import Output, clean, clean_lines
from tui.cli.session import Session, pass_session
from tui.cli.table import Cell, Column, facts, table

if TYPE_CHECKING:
    from dev_server.message import CapturedMessage
    from dev_server.view import MessageView

DEFAULT_PORT = 1025


@click.group(cls=GateGroup)
def capture() -> None:
    """The capture server: an SMTP server that keeps every mail and delivers none."""


@capture.command(
    "serve",
    workspace=False,
    epilog="""\
Examples:
  gatepost capture serve
  gatepost capture serve --port 0 --store test.db --json
  gatepost capture serve --auth logins.txt --tls-port 1465 --write-ca ca.pem

logins.txt holds one name:password a line, and then mail is taken from those
only. Ctrl-C, SIGTERM and the end of whoever reads stdout stop it; it ends with 0.
""",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="0: any free one."
)
@click.option(
    "--tls-port", type=click.IntRange(0, 65535), help="A second port, with TLS from the first byte."
)
@store_option
@click.option("--allow-remote", is_flag=True, help="Listen where other machines can connect.")
@click.option(
    "--auth",
    default="any",
    metavar="any|none|FILE",
    show_default=True,
    help="Which logins are taken, or none offered.",
)
@click.option("--require-auth", is_flag=True, help="Refuse mail without a login.")
@click.option("--require-tls", is_flag=True, help="Refuse mail without TLS.")
@click.option("--no-starttls", is_flag=True, help="Offer no STARTTLS.")
@click.option(
    "--write-ca",
    "certificate",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write this run's certificate there, for configs add --ca-file.",
)
@pass_session
def serve(session: Session, *, no_starttls: bool, **settings: Any) -> None:
    """Run the capture server, and print a line for every mail it takes."""
    from tui.cli.capture_serve import serve as run

    run(session, starttls=not no_starttls, **settings)


@capture.command("list", workspace=False)
@store_option
@click.option("--text", default="", metavar="WORDS", help="Only where subject, From or recipients hold this.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The newest N.")
@pass_session
def list_(session: Session, store: Path | None, text: str, limit: int) -> None:
    """List what was captured, newest last."""
    with open_store(store, read_only=True) as kept:
        messages = kept.list(limit=limit, text=text)[::-1]
    if session.as_json:
        session.out.json([summary(message) for message in messages])
        return
    if not messages:
        session.out.narrate("Nothing was captured." if not text else "Nothing that was captured fits.")
        return
    columns = [
        Column("Id", right=True),
        Column("When"),
        Column("From", least=12),
        Column("To", least=12),
        Column("Subject", least=12),
        Column("Size", right=True),
    ]
    table(session.out, columns, [_row(message) for message in messages])


@capture.command("show", workspace=False)
@click.argument("message", metavar="ID", type=click.IntRange(min=1))
@store_option
@click.option("--source", is_flag=True, help="The message as it was received; byte for byte in a pipe.")
@click.option("--headers", is_flag=True, help="All headers, decoded.")
@click.option(
    "--save",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Save its attachments into DIR.",
)
@pass_session
def show(
    session: Session, message: int, store: Path | None, save: Path | None, *, source: bool, headers: bool
) -> None:
    """Show one captured message: envelope, headers, text and attachments."""
    from dev_server.view import parse_view, save_attachment

    if source + headers + session.as_json > 1:
        raise click.UsageError("Give one of --source, --headers and --json.")
    with open_store(store, read_only=True) as kept:
        row, raw = kept.get(message), kept.raw(message)
    out = session.out
    if source:
        _show_source(out, raw)
        return
    view = parse_view(raw)
    for number in range(len(view.attachments) if save else 0):
        out.narrate(f"Saved {clean(save_attachment(raw, number, save or Path()))}.")
    if session.as_json:
        out.json({**summary(row), **encode.plain(view)})
    elif headers:
        for name, value in view.headers:
            out.data(f"{out.paint(clean(name), bold=True)}: {clean(value)}")
    else:
        _show(out, row, view)


@capture.command(
    "export",
    workspace=False,
    json=False,
    epilog="""\
Examples:
  gatepost capture export --eml mails/
  gatepost capture export --json - | jq -r '.[].subject'
  gatepost capture show 7 --source > one.eml

Nothing that is there already is overwritten.
""",
)
@store_option
@click.option(
    "--eml", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Each as a file in DIR."
)
@click.option(
    "--mbox",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="All as one mbox (mboxrd).",
)
@click.option(
    "--json",
    "summaries",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE",
    help="What list shows of each, as JSON; - for stdout.",
)
@pass_session
def export(
    session: Session, store: Path | None, eml: Path | None, mbox: Path | None, summaries: Path | None
) -> None:
    """Write everything that was captured, oldest first, as mails, as an mbox or as JSON."""
    from dev_server import export as exports

    if sum(target is not None for target in (eml, mbox, summaries)) != 1:
        raise click.UsageError("Say where to: one of --eml DIR, --mbox FILE and --json FILE.")
    with open_store(store, read_only=True) as kept:
        if eml is not None:
            written = exports.export_folder(kept, eml)
        elif mbox is not None:
            written = exports.export_mbox(kept, mbox)
        elif str(summaries) == "-":
            written = kept.count()
            session.out.json([summary(message) for message in kept.list(limit=written)[::-1]])
        else:
            assert summaries is not None
            written = exports.export_json(kept, summaries)
    target = eml or mbox or summaries
    where = "" if str(target) == "-" else f" to {clean(target)}"
    session.out.narrate(f"Exported {wording.plural(written, 'message')}{where}.")


@capture.command("clear", workspace=False)
@store_option
@click.option("--yes", is_flag=True, help="Don't ask.")
@pass_session
def clear(session: Session, store: Path | None, *, yes: bool) -> None:
    """Delete everything that was captured."""
    with open_store(store) as kept:
        session.confirm(f"Delete {wording.plural(kept.count(), 'captured message')}?", yes=yes)
        deleted = kept.clear()
    session.out.narrate(f"Deleted {wording.plural(deleted, 'message')}.")
    if session.as_json:
        session.out.json({"deleted": deleted})


def _row(message: CapturedMessage) -> tuple[Cell, ...]:
    return (
        str(message.id),
        wording.exact(message.received_at).removesuffix(" UTC"),
        message.from_header or message.sender or "<>",
        _recipients(message),
        message.subject + (" ⎙" if message.has_attachments else ""),
        wording.size(message.size_bytes),
    )


def _recipients(message: CapturedMessage) -> str:
    more = f" +{len(message.recipients) - 1}" if len(message.recipients) > 1 else ""
    return (message.recipients[0] if message.recipients else "–") + more


def _show_source(out: Output, raw: bytes) -> None:
    """As it is where a program reads it; inert where a person's terminal would act on it."""
    if out.is_terminal:
        out.data(clean_lines(raw.decode("utf-8", "backslashreplace")))
    else:
        out.raw(raw)


def _show(out: Output, row: CapturedMessage, view: MessageView) -> None:
    login = f", logged in as {row.auth_user}" if row.auth_user else ""
    facts(
        out,
        [
            ("Id", str(row.id)),
            ("Received", wording.exact(row.received_at)),
            ("Envelope", f"{row.sender or '<>'} → {', '.join(row.recipients)}"),
            ("Session", f"{row.peer or '–'} {row.helo}, {row.tls or 'no TLS'}{login}"),
            ("Size", wording.size(row.size_bytes)),
            *(
                (name, view.header(name))
                for name in ("From", "To", "Cc", "Date", "Subject")
                if view.header(name)
            ),
        ],
    )
    out.data()
    out.data(clean_lines(view.text.rstrip("\n")))
    if view.attachments:
        out.data()
        columns = [Column("Attachment", least=16), Column("Type", least=10), Column("Size", right=True)]
        rows = [
            (item.filename or "–", item.content_type, wording.size(item.size_bytes))
            for item in view.attachments
        ]
        table(out, columns, rows)
    for problem in view.problems:
        out.narrate(clean(problem), colour="yellow")
