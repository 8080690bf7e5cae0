"""One address, parsed once: the string that is judged, logged and put in RCPT TO.

What is accepted is a bare `local@domain` and nothing else: no display names, groups, comments, quoted
local parts, source routes, address literals, encoded words or routing hidden in the local part (`%`, `!`).
Names that only exist inside a network (`.test`, `.local`, `localhost`, single labels) are accepted: whether
a domain can be reached is the mail server's business, and no name is ever looked up here.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# RFC 5321 4.5.3.1.1 and 4.5.3.1.3, in octets of UTF-8: a path of 256 with its angle brackets leaves 254.
MAX_LOCAL_OCTETS = 64
MAX_ADDRESS_OCTETS = 254
# RFC 1035 allows 253 in text; the few octets less are room for `_NEUTRAL_LABEL`.
MAX_DOMAIN_OCTETS = 250

# email-validator refuses special-use names (`.test`, `.local`, `localhost`) by a list that is global to the
# process. A last label that is none of them lets it judge the syntax alone, and is taken off again.
_NEUTRAL_LABEL = ".x"

# The plain address that nearly all mail has. What matches is exactly what email-validator returns for it
# (a property test holds them together), so that neither it nor its tables need to be loaded.
_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")
_PLAIN_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

_REFUSED = {
    '"': ("has quotes", "Write the address without quotes and without a display name."),
    "<": ("has angle brackets", "Give the address alone, without a display name or brackets."),
    ">": ("has angle brackets", "Give the address alone, without a display name or brackets."),
    "(": ("has a comment in brackets", "Leave the comment out."),
    ")": ("has a comment in brackets", "Leave the comment out."),
    ",": ("is more than one address, or a source route", "Give each address on its own."),
    ";": ("is a group or a list", "Give each address on its own."),
    ":": ("is a group or a source route", "Give each address on its own."),
    "[": ("has an address literal", "Give the domain's name instead of an IP address in brackets."),
    "]": ("has an address literal", "Give the domain's name instead of an IP address in brackets."),
    "\\": ("has a backslash", "Give the address as local@domain."),
    "%": ("hides a second domain behind '%'", "Give the address where the mail is to arrive."),
    "!": ("hides a route behind '!'", "Give the address where the mail is to arrive."),
}

# Shown as nothing although they are letters or marks (Default_Ignorable_Code_Point outside category Cf).
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)


class AddressError(ValueError):
    """A text is not an address that mail may go to. `str(error)` says why, `error.remedy` what to do."""

    def __init__(self, message: str, remedy: str = "Give the address as local@domain.") -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address in its one normal form. Only `parse_mailbox` makes them from foreign text.

    `local` keeps its case (RFC 5321 2.4) and is in Unicode form NFC; `domain` is lower-case ASCII, an
    internationalised one in its `xn--` form (UTS 46, IDNA 2008).
    """

    local: str
    domain: str

    @property
    def address(self) -> str:
        """The exact string that is judged, logged and put in RCPT TO."""
        return f"{self.local}@{self.domain}"

    @property
    def local_key(self) -> str:
        """The local part for wide comparisons: neither case nor compatibility forms (full width …) count."""
        return local_key(self.local)

    def __str__(self) -> str:
        return self.address


def parse_mailbox(text: str) -> Mailbox:
    """The mailbox that `text` names. Raises AddressError; takes time linear in at most 254 characters."""
    if not text:
        raise AddressError("the address is empty")
    if len(text) > MAX_ADDRESS_OCTETS:
        raise AddressError(
            f"the address is {len(text):,} characters long, more than {MAX_ADDRESS_OCTETS} (RFC 5321)",
            "Give a shorter address.",
        )
    if text.endswith(">") and " <" in text and '"' not in text:
        raise AddressError(
            "the address has a display name", "Give the bare address, such as kim@example.org."
        )
    _refuse_characters(text)
    if text.startswith("@") or text.endswith("@") or "@" not in text:
        missing = "domain: there must be one after an @-sign" if not text.startswith("@") else "local part"
        raise AddressError(f"the address has no {missing}")
    if text.count("@") > 1:
        raise AddressError("the address has more than one @-sign")
    given_local, _, given_domain = text.partition("@")
    local = _parse_local(given_local)
    mailbox = Mailbox(local, parse_domain(given_domain))
    if len(mailbox.address.encode()) > MAX_ADDRESS_OCTETS:
        raise AddressError(
            f"the address is longer than {MAX_ADDRESS_OCTETS} octets (RFC 5321 4.5.3.1)",
            "Give a shorter address.",
        )
    return mailbox


def parse_domain(text: str) -> str:
    """The domain in lower-case ASCII as a `Mailbox` has it. Raises AddressError."""
    if not text:
        raise AddressError("the domain is empty", "Give a domain such as example.com.")
    if len(text) > MAX_DOMAIN_OCTETS:
        raise AddressError(
            f"the domain is longer than {MAX_DOMAIN_OCTETS} characters", "Give the domain as DNS has it."
        )
    _refuse_characters(text)
    if "@" in text:
        raise AddressError("the domain has an @-sign", "Give the domain alone, such as example.com.")
    lowered = text.lower()
    domain = lowered if _is_plain_domain(lowered) else _validated("a", text)[1]
    if len(domain) > MAX_DOMAIN_OCTETS:
        raise AddressError(
            f"the domain is longer than {MAX_DOMAIN_OCTETS} octets in its ASCII form",
            "Give the domain as DNS has it.",
        )
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", domain.rpartition(".")[2]):
        raise AddressError(
            "the domain is a number or an IP address", "Give the domain's name instead of an IP address."
        )
    return domain


def local_key(local: str) -> str:
    """A local part folded for compatibility caseless matching (Unicode 3.13, D146): equal keys look equal."""
    folded = unicodedata.normalize("NFD", local).casefold()
    folded = unicodedata.normalize("NFKD", folded).casefold()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKD", folded))


def _parse_local(text: str) -> str:
    if _PLAIN_LOCAL.fullmatch(text):
        local = text
    else:
        # Full-width '％' and '＠' must not become structure on a server that folds compatibility forms.
        folded = unicodedata.normalize("NFKC", text)
        if folded != text:
            _refuse_characters(folded)
            if "@" in folded:
                raise AddressError("the address has a look-alike of an @-sign before the @-sign")
        local = unicodedata.normalize("NFC", text)
        if "=?" in folded or "?=" in folded:
            raise AddressError(
                "the address has an encoded word (=?…?=)", "Give the address itself, not encoded."
            )
        _validated(local, "x")
    if len(local.encode()) > MAX_LOCAL_OCTETS:
        raise AddressError(
            f"the part before the @-sign is longer than {MAX_LOCAL_OCTETS} octets (RFC 5321 4.5.3.1.1)",
            "Give a shorter address.",
        )
    return local


def _is_plain_domain(text: str) -> bool:
    # `--` in third and fourth place marks Punycode and reserved labels: those are checked in full.
    return all(_PLAIN_LABEL.fullmatch(label) and label[2:4] != "--" for label in text.split("."))


def _validated(local: str, domain: str) -> tuple[str, str]:
    """Local part and ASCII domain as email-validator has them, whatever the domain's last label is."""
    from email_validator import EmailSyntaxError, validate_email  # here: it loads 30 ms of IDNA tables

    try:
        result = validate_email(
            f"{local}@{domain}{_NEUTRAL_LABEL}",
            allow_smtputf8=True,
            allow_empty_local=False,
            allow_quoted_local=False,
            allow_domain_literal=False,
            allow_display_name=False,
            strict=False,  # the length of the local part is measured in octets by our caller
            check_deliverability=False,
            test_environment=False,
            globally_deliverable=False,
        )
    except EmailSyntaxError as error:
        sentence = str(error).rstrip(".")
        raise AddressError(f"{sentence[:1].lower()}{sentence[1:]}") from None
    return result.local_part, result.ascii_domain.removesuffix(_NEUTRAL_LABEL)


def _refuse_characters(text: str) -> None:
    """Raise AddressError for the first character that no part of a bare address may hold."""
    for character in text:
        if character in _REFUSED:
            what, remedy = _REFUSED[character]
            raise AddressError(f"the address {what}", remedy)
        if "!" < character <= "~":
            continue
        category = unicodedata.category(character)
        if character in "\r\n" or category in ("Zl", "Zp"):
            what = "a line break"
        elif category == "Cs":
            what = "half of a surrogate pair"
        elif category == "Cc":
            what = "a control character"
        elif category == "Cf" or character in _INVISIBLE:
            what = "an invisible or direction-changing character"
        elif category == "Zs":
            what = "a blank"
        elif category in ("Cn", "Co"):
            what = "a character that Unicode does not define"
        else:
            continue
        raise AddressError(
            f"the address has {what} (U+{ord(character):04X})", "Remove it; typing the address anew helps."
        )
