"""Shows a captured message as far as it parses: headers, text, parts and attachments, and what was wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from dev_server.attachments import attachment_content, attachment_type, save_attachment
from dev_server.charsets import decode
from dev_server.headers import MAX_HEADERS
from dev_server.htmltext import html_to_text
from dev_server.mime import Part, Walk, decoded_body, take_apart

__all__ = ["AttachmentView", "MessageView", "PartView", "attachment_content", "parse_view", "save_attachment"]

MAX_TEXT_CHARS: Final = 1_000_000
_MAX_TEXT_BYTES: Final = 4_000_000
_MAX_TEXT_PARTS: Final = 20
_MAX_HEADER_CHARS: Final = 100_000
_MAX_ALL_HEADER_CHARS: Final = 2_000_000
_MAX_PROBLEMS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView:
    """One part. The parts stand in the order in which they begin; `parent` is an index into them, `depth` the
    indent. `size_bytes` is that of the body as it came; `attachment` the index of its attachment, or None."""

    index: int
    parent: int | None
    depth: int
    content_type: str
    charset: str
    encoding: str
    disposition: str
    filename: str
    size_bytes: int
    attachment: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentView:
    """One attachment. `filename` is what the sender called it, or ""; `size_bytes` that of its decoded content."""

    index: int
    filename: str
    content_type: str
    size_bytes: int
    disposition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """A message as far as it could be read. All text in it is foreign: make it inert before a terminal draws it.

    `text` is the best plain text there is: the text parts, else the rendered HTML, else the body as it came.
    `html` is the raw HTML part or None, `html_as_text` its rendering or "". `problems` are sentences on what could
    not be parsed or was left out for its size; the raw message always has everything.
    """

    headers: tuple[tuple[str, str], ...]
    text: str
    html: str | None
    html_as_text: str
    parts: tuple[PartView, ...]
    attachments: tuple[AttachmentView, ...]
    problems: tuple[str, ...]

    def header(self, name: str) -> str:
        """The first header of that name, whatever its case, or ""."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")


def parse_view(raw: bytes) -> MessageView:
    """Parses a raw message for a person to look at. Never raises; time and memory are linear in its length.

    Synchronous and CPU-bound (about 0.1 s for 10 MB): call it in a thread.
    """
    walk = take_apart(raw)
    notes = _Notes(walk)
    headers = _headers(walk, notes)
    attached = [part for part in walk.parts if part.is_attachment and not part.in_message]
    texts = _leaves(walk, "text/plain")
    text = "\n\n".join(filter(None, (_text(raw, part, notes).rstrip() for part in texts[:_MAX_TEXT_PARTS])))
    html, html_as_text = None, ""
    for part in _leaves(walk, "text/html")[:1]:
        html = _text(raw, part, notes)
        html_as_text, problem = html_to_text(html)
        notes.add(problem)
    if not texts:
        text = html_as_text or _fallback(raw, walk, notes)
    if len(text) > MAX_TEXT_CHARS:
        text = text[:MAX_TEXT_CHARS]
        notes.add("The text is very long; its beginning is shown.")
    numbers = {id(part): number for number, part in enumerate(attached)}
    return MessageView(
        headers=headers,
        text=text,
        html=html,
        html_as_text=html_as_text,
        parts=tuple(_part_view(index, part, numbers.get(id(part))) for index, part in enumerate(walk.parts)),
        attachments=tuple(_attachment_view(raw, number, part, notes) for number, part in enumerate(attached)),
        problems=tuple(notes.sentences),
    )


@dataclass(slots=True)
class _Notes:
    walk: Walk
    sentences: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for sentence in self.walk.problems:
            self.add(sentence)

    def add(self, sentence: str | None) -> None:
        if sentence and sentence not in self.sentences and len(self.sentences) < _MAX_PROBLEMS:
            self.sentences.append(sentence)


def _headers(walk: Walk, notes: _Notes) -> tuple[tuple[str, str], ...]:
    block = walk.parts[0].block
    shown: list[tuple[str, str]] = []
    size = 0
    cut = block.shortened > 0
    for name, value in block.decoded():
        too_long = len(value) > _MAX_HEADER_CHARS
        size += min(len(value), _MAX_HEADER_CHARS)
        cut = cut or too_long or size > _MAX_ALL_HEADER_CHARS
        if size > _MAX_ALL_HEADER_CHARS:
            break
        shown.append((name, value[:_MAX_HEADER_CHARS] + "…" if too_long else value))
    if block.not_kept:
        notes.add(
            f"Only the first {MAX_HEADERS} headers are shown; {block.not_kept} more lines of headers follow."
        )
    if cut:
        notes.add("Some headers are very long; their beginning is shown.")
    if any(part.block.malformed for part in walk.parts):
        notes.add("Some header lines are malformed; they are left out.")
    return tuple(shown)


def _leaves(walk: Walk, content_type: str) -> list[Part]:
    """Parts of that type that are read in place, not those of attached messages. No type at all means plain text."""
    return [
        part
        for part in walk.parts
        if not part.in_message
        and not part.is_multipart
        and not part.is_attachment
        and (part.content_type.value or "text/plain") == content_type
    ]


def _text(raw: bytes, part: Part, notes: _Notes) -> str:
    if part.stop - part.body_start > _MAX_TEXT_BYTES:
        notes.add("The text is very long; its beginning is shown.")
    content, problem = decoded_body(raw, part, _MAX_TEXT_BYTES)
    notes.add(problem)
    text, problem = decode(content, part.content_type.parameters.get("charset"))
    notes.add(problem)
    return text.replace("\r\n", "\n")


def _fallback(raw: bytes, walk: Walk, notes: _Notes) -> str:
    """Some other text part, or the body of a multipart that could not be taken apart."""
    for part in walk.parts:
        if part.in_message or part.is_attachment:
            continue
        kind = part.content_type.value.partition("/")[0]
        if kind in ("text", "message") or (kind == "multipart" and not part.children):
            return _text(raw, part, notes)
    return ""


def _part_view(index: int, part: Part, attachment: int | None) -> PartView:
    return PartView(
        index=index,
        parent=part.parent,
        depth=part.depth,
        content_type=part.content_type.value or "text/plain",
        charset=part.content_type.parameters.get("charset", ""),
        encoding=part.encoding,
        disposition=part.disposition.value,
        filename=part.filename,
        size_bytes=part.stop - part.body_start,
        attachment=attachment,
    )


def _attachment_view(raw: bytes, number: int, part: Part, notes: _Notes) -> AttachmentView:
    content, problem = decoded_body(raw, part)
    notes.add(problem)
    return AttachmentView(
        index=number,
        filename=part.filename,
        content_type=attachment_type(part),
        size_bytes=len(content),
        disposition=part.disposition.value,
    )
