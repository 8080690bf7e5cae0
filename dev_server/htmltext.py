"""Renders HTML as text that a terminal can show: links, lists and tables stay readable.

A real HTML5 parser reads it. Its tree building takes time with the square of the nesting (20,000 nested blocks:
seconds), so what looks like an attack, and nothing that a mail program wrote, is stripped of its tags instead.
"""

from __future__ import annotations

import html
import re
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_HTML_CHARS: Final = 1_000_000
_MAX_TAGS: Final = 16_000
_MAX_TAG_SQUARES: Final = 4_000_000_000  # sum of squared tag lengths: attributes are compared pair by pair
_MAX_NODES: Final = 100_000
_MAX_TEXT_CHARS: Final = 500_000
_MAX_LINK_CHARS: Final = 500

_TAG: Final = re.compile(r"<[a-zA-Z/]")
_DATA_URI: Final = re.compile(r"data:[a-z0-9.+/-]{1,80};base64,[A-Za-z0-9+/=%\s]{64,}", re.IGNORECASE)
# These nest without bound and are opened again in each paragraph (HTML Standard, 13.2.4.3); they say nothing here.
_FORMATTING: Final = re.compile(
    r"<(/?)(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])", re.IGNORECASE
)
_ANY_TAG: Final = re.compile(r"<[^<>]*>")
_BLANKS: Final = re.compile(r"[ \t\r\n\f\u00a0]+")
_MANY_LINES: Final = re.compile(r"\n{3,}")

_UNSEEN: Final = frozenset(
    ("script", "style", "head", "title", "template", "noscript", "object", "iframe", "svg", "math")
)
_BLOCKS: Final = frozenset(
    (
        *(
            "address",
            "article",
            "aside",
            "blockquote",
            "body",
            "center",
            "dd",
            "details",
            "dialog",
            "div",
            "dl",
        ),
        *("dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6"),
        *(
            "header",
            "hr",
            "html",
            "li",
            "main",
            "nav",
            "ol",
            "p",
            "pre",
            "section",
            "summary",
            "table",
            "tbody",
        ),
        *("tfoot", "thead", "tr", "ul"),
    )
)
_SPACED: Final = frozenset(
    ("p", "ul", "ol", "dl", "table", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6")
)


def html_to_text(source: str) -> tuple[str, str | None]:
    """Text of an HTML document, and a sentence if it could be read in part only. Never raises.

    Links follow their text in angle brackets, list items begin with "• " or their number, table cells of a row
    are parted by " │ ", pictures show their alternative text in brackets.
    """
    problem = None
    if len(source) > MAX_HTML_CHARS:
        source = source[:MAX_HTML_CHARS]
        problem = "The HTML is very long; its beginning is shown."
    source = _DATA_URI.sub("data:", source.replace("\x00", "\ufffd"))
    if _is_abusive(source):
        return _stripped(source), "The HTML is built to be hard to read; only its bare text is shown."
    tree = LexborHTMLParser(_FORMATTING.sub(r"<\1x-inline", source))
    body = tree.body or tree.root
    if body is None:
        return "", problem
    renderer = _Renderer()
    complete = renderer.render(body)
    return renderer.text(), problem or (
        None if complete else "The HTML is very long; its beginning is shown."
    )


def _is_abusive(source: str) -> bool:
    if sum(1 for _ in _TAG.finditer(source)) > _MAX_TAGS:
        return True
    squares = 0
    for piece in source.split(">"):
        start = piece.find("<")
        if start >= 0:
            squares += (len(piece) - start) ** 2
    return squares > _MAX_TAG_SQUARES


def _stripped(source: str) -> str:
    text = html.unescape(_ANY_TAG.sub(" ", source))
    return _BLANKS.sub(" ", text).strip()[:_MAX_TEXT_CHARS]


class _Renderer:
    """Walks the tree without recursion; what is to follow an element's content waits on its own stack."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._size = 0
        self._line_open = False  # something stands on the current line
        self._blank_due = False
        self._space_due = False
        self._pre = 0
        self._lists: list[int | None] = []  # None: bullets; else the next number
        self._quotes = 0
        self._links: list[tuple[str, int]] = []  # target, and how much was written when it began
        self._cells = 0

    def render(self, root: LexborNode) -> bool:
        """Renders all below `root`; False if a bound was reached first."""
        node: LexborNode | None = root
        depth = 0
        for _ in range(_MAX_NODES):
            if node is None or self._size > _MAX_TEXT_CHARS:
                break
            tag = node.tag or ""
            child = self._enter(node, tag)
            if child is not None:
                node = child
                depth += 1
                continue
            while node is not None:
                self._leave(node, node.tag or "")
                if depth == 0:
                    return True
                if node.next is not None:
                    node = node.next
                    break
                node = node.parent
                depth -= 1
        return False

    def text(self) -> str:
        """What was rendered."""
        lines = "".join(self._out).split("\n")
        return _MANY_LINES.sub("\n\n", "\n".join(line.rstrip() for line in lines)).strip("\n")

    def _enter(self, node: LexborNode, tag: str) -> LexborNode | None:
        if tag == "-text":
            self._write_text(node.text_content or "")
            return None
        if tag in _UNSEEN or tag.startswith(("-", "_")):
            return None
        if tag in _BLOCKS:
            self._end_line(blank=tag in _SPACED and not (tag in ("ul", "ol") and self._lists))
        match tag:
            case "br":
                self._newline()
            case "hr":
                self._write("─" * 20)
                self._end_line(blank=False)
            case "img":
                alt = (node.attributes.get("alt") or "").strip()
                if alt:
                    self._write(f"[{_BLANKS.sub(' ', alt)}]")
            case "a":
                target = _BLANKS.sub("", (node.attributes.get("href") or "")).strip()
                self._links.append((target, len(self._out)))
            case "ul":
                self._lists.append(None)
            case "ol":
                self._lists.append(1)
            case "li":
                self._begin_item()
            case "blockquote":
                self._quotes += 1
            case "pre":
                self._pre += 1
            case "tr":
                self._cells = 0
            case "td" | "th":
                if self._cells and self._line_open:
                    self._write(" │ ")
                    self._space_due = False
                self._cells += 1
        return node.child

    def _leave(self, node: LexborNode, tag: str) -> None:
        if tag.startswith(("-", "_")) or tag in _UNSEEN:
            return
        match tag:
            case "a" if self._links:
                target, begin = self._links.pop()
                shown = "".join(self._out[begin:]).strip()
                if target and target[0] != "#" and shown not in (target, target.removeprefix("mailto:")):
                    self._write(f" <{target[:_MAX_LINK_CHARS]}>")
            case "ul" | "ol" if self._lists:
                self._lists.pop()
            case "pre":
                self._pre = max(0, self._pre - 1)
        if tag in _BLOCKS:
            self._end_line(blank=tag in _SPACED and not (tag in ("ul", "ol") and self._lists))
        if tag == "blockquote":
            self._quotes = max(0, self._quotes - 1)

    def _begin_item(self) -> None:
        indent = "  " * max(0, len(self._lists) - 1)
        number = self._lists[-1] if self._lists else None
        if number is not None:
            self._lists[-1] = number + 1
        self._write(f"{indent[:40]}{'• ' if number is None else f'{number}. '}")
        self._space_due = False

    def _write_text(self, text: str) -> None:
        if self._pre:
            for number, line in enumerate(text.replace("\r\n", "\n").split("\n")):
                if number:
                    self._newline()
                if line:
                    self._write(line)
            return
        for number, word in enumerate(_BLANKS.split(text)):
            if number:
                self._space_due = True
            if word:
                self._write(word)

    def _write(self, text: str) -> None:
        if not self._line_open:
            if self._blank_due and self._out:
                self._put("\n")
            self._blank_due = False
            if self._quotes:
                self._put("> " * min(self._quotes, 20))
        elif self._space_due:
            self._put(" ")
        self._space_due = False
        self._line_open = True
        self._put(text)

    def _newline(self) -> None:
        self._put("\n")
        self._line_open = False
        self._space_due = False

    def _end_line(self, *, blank: bool) -> None:
        if self._line_open:
            self._newline()
        self._blank_due = self._blank_due or blank

    def _put(self, text: str) -> None:
        self._out.append(text)
        self._size += len(text)
