"""Which further headers an agent may set, and in what form. Every other header is Gatepost's own.

The list is closed, since some relays take orders from `X-` headers that nobody judged: `X-SMTPAPI` and
`X-MC-BccAddress` add recipients. Free names begin with `X-Agent-`, `X-App-` or `X-Custom-`.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from core.policy.plain_text import line_fault

MAX_HEADERS = 50
MAX_NAME_LENGTH = 64  # characters
MAX_VALUE_LENGTH = 998  # characters: the longest line that RFC 5322 2.1.1 allows

FREE_PREFIXES = ("x-agent-", "x-app-", "x-custom-")

_MESSAGE_ID = re.compile(r"<[!#$%&'*+/=?^_`{|}~.\w-]{1,200}@[\w.:\[\]-]{1,200}>", re.ASCII)
_TOKENS = re.compile(r"[A-Za-z0-9-]+(?:, ?[A-Za-z0-9-]+)*")

# lower-case name → what its value must be, for people
_ONE_OF = {
    "auto-submitted": ("no", "auto-generated", "auto-replied", "auto-notified"),  # RFC 3834, RFC 5436
    "importance": ("low", "normal", "high"),  # RFC 2156
    "priority": ("non-urgent", "normal", "urgent"),  # RFC 2156
    "precedence": ("bulk", "list", "junk", "first-class"),
    "list-unsubscribe-post": ("list-unsubscribe=one-click",),  # RFC 8058
    "x-priority": ("1", "2", "3", "4", "5", "1 (highest)", "2 (high)", "3 (normal)", "4 (low)", "5 (lowest)"),
}
_MESSAGE_IDS = ("in-reply-to", "references")  # RFC 5322 3.6.4
_URIS = (
    "list-unsubscribe",
    "list-help",
    "list-archive",
    "list-post",
    "list-owner",
    "list-subscribe",
)  # RFC 2369
_TOKEN_LISTS = ("x-auto-response-suppress",)
_PLAIN = ("list-id", "feedback-id", "organization", "keywords", "x-entity-ref-id")

ALLOWED_HEADERS = frozenset((*_ONE_OF, *_MESSAGE_IDS, *_URIS, *_TOKEN_LISTS, *_PLAIN))

_INSTEAD = {
    "from": "Use from_email and from_name.",
    "sender": "Use from_email.",
    "return-path": "Use from_email.",
    "reply-to": "Use reply_to.",
    "to": "Use to.",
    "cc": "Use cc.",
    "bcc": "Use bcc.",
    "subject": "Use subject.",
}
_ALLOWED_TEXT = (
    "Allowed are In-Reply-To, References, Auto-Submitted, Importance, Priority, X-Priority, Precedence, \
List-Id, List-Unsubscribe and their like, and names that begin with X-Agent-, X-App- or X-Custom-."
)


def header_fault(name: str, value: str) -> tuple[str, str] | None:
    """What is wrong with one header, as a message and a remedy; None when it may stand in a mail."""
    if len(name) > MAX_NAME_LENGTH or not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?", name):
        return (
            "the name is not letters, digits and hyphens",
            f"Use at most {MAX_NAME_LENGTH} of them and nothing else.",
        )
    key = name.lower()
    if key not in ALLOWED_HEADERS and not key.startswith(FREE_PREFIXES):
        return f"{name} can't be set here", _INSTEAD.get(key, _ALLOWED_TEXT)
    if len(value) > MAX_VALUE_LENGTH:
        return f"the value of {name} is longer than {MAX_VALUE_LENGTH} characters", "Shorten it."
    if fault := line_fault(value):
        return f"the value of {name} {fault}", "Remove it."
    if not value.strip():
        return f"{name} has no value", "Leave the header out."
    return _syntax_fault(name, key, value)


def _syntax_fault(name: str, key: str, value: str) -> tuple[str, str] | None:
    if key in _ONE_OF and value.lower() not in _ONE_OF[key]:
        return f"{name} has no such value", f"Use {', '.join(_ONE_OF[key])}."
    if key in _MESSAGE_IDS and not all(_MESSAGE_ID.fullmatch(part) for part in value.split(" ") if part):
        return f"{name} is not made of message ids", "Write <id@domain>, several with a blank between them."
    if key in _URIS and not all(_is_bracketed_uri(part.strip(" ")) for part in value.split(",")):
        return (
            f"{name} is not made of addresses of the web",
            "Write <https://…> or <mailto:…>, with commas between.",
        )
    if key in _TOKEN_LISTS and not _TOKENS.fullmatch(value):
        return f"{name} is not a list of words", "Write words with commas between them."
    return None


def _is_bracketed_uri(text: str) -> bool:
    if not (text.startswith("<") and text.endswith(">") and text.isascii()) or re.search(
        r"[\s<>\"]", text[1:-1]
    ):
        return False
    try:
        parts = urlsplit(text[1:-1])
    except ValueError:
        return False
    return (parts.scheme == "https" and bool(parts.netloc)) or (parts.scheme == "mailto" and bool(parts.path))
