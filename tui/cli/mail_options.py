"""The options of `explain` and `send`, and the `MailRequest` that they make."""

from __future__ import annotations

import mimetypes
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeVar

import click

if TYPE_CHECKING:
    from core.policy.draft import AttachmentRequest, MailRequest

F = TypeVar("F", bound=Callable[..., Any])

# What is read of one body or file before it is given up (bytes): more than any configuration lets through.
LONGEST: Final = 256 * 1024 * 1024

_READABLE: Final = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)

_OPTIONS: Final = (
    click.option("--agent", required=True, metavar="NAME", help="Who sends."),
    click.option("--config", required=True, metavar="NAME", help="Through what."),
    click.option("--to", multiple=True, metavar="ADDRESS", help="A recipient. Repeatable, as the next two."),
    click.option("--cc", multiple=True, metavar="ADDRESS", help="A recipient of a copy."),
    click.option("--bcc", multiple=True, metavar="ADDRESS", help="A recipient whom the others don't see."),
    click.option("--subject", default="", metavar="TEXT", help="The subject."),
    click.option("--text", metavar="TEXT", help="The text; - reads it from stdin."),
    click.option("--text-file", type=_READABLE, metavar="FILE", help="The text from a file, UTF-8."),
    click.option("--html", metavar="TEXT", help="The text as HTML; - reads it from stdin."),
    click.option("--html-file", type=_READABLE, metavar="FILE", help="The HTML from a file, UTF-8."),
    click.option("--from", "from_email", metavar="ADDRESS", help="A sender of the agent's own."),
    click.option("--from-name", metavar="NAME", help="The name beside it."),
    click.option("--reply-to", metavar="ADDRESS", help="Where answers go."),
    click.option(
        "--attach", "attachments", type=_FILE, multiple=True, metavar="FILE", help="Attach it. Repeatable."
    ),
    click.option(
        "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="A further header. Repeatable."
    ),
    click.option("--idempotency-key", metavar="KEY", help="The same key is never sent twice."),
)


def mail_options(function: F) -> F:
    """All of them."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def mail_request(given: Mapping[str, Any]) -> MailRequest:
    """The mail that the options ask for. Raises click.UsageError, OSError."""
    from core.policy.draft import MailRequest

    sources = [given["text"], given["text_file"], given["html"], given["html_file"]]
    if sum(str(source) == "-" for source in sources if source is not None) > 1:
        raise click.UsageError("Only one of text and HTML can come from stdin.")
    return MailRequest(
        to=given["to"],
        cc=given["cc"],
        bcc=given["bcc"],
        subject=given["subject"],
        text=_body("text", given["text"], given["text_file"]),
        html=_body("html", given["html"], given["html_file"]),
        from_email=given["from_email"],
        from_name=given["from_name"],
        reply_to=given["reply_to"],
        headers=tuple(_header(text) for text in given["headers"]),
        attachments=tuple(_attachment(path) for path in given["attachments"]),
        idempotency_key=given["idempotency_key"],
    )


def _body(name: str, text: str | None, file: Path | None) -> str | None:
    if text is not None and file is not None:
        raise click.UsageError(f"Give one of --{name} and --{name}-file.")
    if text == "-" or (file is not None and str(file) == "-"):
        content = _bounded(sys.stdin.buffer, "stdin")
    elif file is not None:
        with file.open("rb") as stream:
            content = _bounded(stream, f"--{name}-file {file}")
    else:
        return text
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.UsageError(
            f"The {name} is not UTF-8 (byte {error.start:,}). Convert it first, as with iconv."
        ) from None


def _bounded(stream: BinaryIO, name: str) -> bytes:
    content = stream.read(LONGEST + 1)
    if len(content) > LONGEST:
        raise click.UsageError(f"{name} has more than {LONGEST // 1024**2} MiB; no mail is that large.")
    return content


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise click.UsageError(f"--header {text!r} has no colon; write 'X-Name: value'.")
    return name, value.removeprefix(" ")


def _attachment(path: Path) -> AttachmentRequest:
    from core.policy.draft import AttachmentRequest

    with path.open("rb") as stream:
        content = _bounded(stream, f"--attach {path}")
    guessed, encoding = mimetypes.guess_type(path.name)
    if encoding is not None:  # report.csv.gz is gzip, not CSV
        guessed = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}.get(
            encoding
        )
    return AttachmentRequest(
        filename=path.name, content=content, content_type=guessed or "application/octet-stream"
    )
