"""Recipient patterns: whom a grant lets an agent write to, and whom not.

There are four forms, and every other is refused when it is saved:

    user@domain   that one mailbox
    @domain       every mailbox of the domain, not of its subdomains (`*@domain` means the same)
    .domain       every mailbox of any subdomain, at any depth, not of the domain itself
    *             everybody

Domains are compared in their lower-case ASCII form: `@bücher.test` and `@xn--bcher-kva.test` are one pattern.
Local parts are compared so that each list errs on its safe side:

    blocking    case, compatibility forms and plus-tags make no difference: `ceo@x` blocks `CEO@x` and
                `ceo+1@x`; a pattern with a tag of its own, `ceo+news@x`, blocks that tag and its tags only
    allowing    case makes no difference, a plus-tag does: `bob@x` allows `BOB@x`, not `bob+1@x`

Dots in a local part always count, and `-` separates no tag. There is no other wildcard, so matching is a few
look-ups in sets however long the list is, and no input can make it slow.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from core.errors import FieldProblem
from core.policy.address import AddressError, Mailbox, local_key, parse_domain, parse_mailbox

MAX_PATTERN_LENGTH = 254  # characters: as long as the longest address
MAX_PATTERNS = 10_000  # per list
MAX_PROBLEMS = 20  # reported per list; the rest is counted

FORMS = "user@domain, @domain, .domain (its subdomains) or *"


class PatternError(ValueError):
    """A text is none of the four forms. `str(error)` says why, `error.remedy` what to write instead."""

    def __init__(self, message: str, remedy: str = f"Write {FORMS}.") -> None:
        super().__init__(message)
        self.remedy = remedy


class PatternKind(enum.StrEnum):
    """The four forms."""

    MAILBOX = "mailbox"
    DOMAIN = "domain"
    SUBDOMAINS = "subdomains"
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class RecipientPattern:
    """One pattern in its normal form. `parse` is the only way to make one from foreign text."""

    kind: PatternKind
    domain: str = ""  # lower-case ASCII, without leading dot; empty for everybody
    local: str = ""  # as given, Unicode form NFC; only of a mailbox

    @classmethod
    def parse(cls, text: str) -> RecipientPattern:
        """The pattern that `text` states. Raises PatternError; looks at no more than 254 characters."""
        if not isinstance(text, str):
            raise PatternError("the pattern is not a text")
        if len(text) > MAX_PATTERN_LENGTH:
            raise PatternError(
                f"the pattern is {len(text):,} characters long, more than {MAX_PATTERN_LENGTH}",
                f"Write {FORMS}.",
            )
        if not text:
            raise PatternError("the pattern is empty", f"Write {FORMS}, or remove it.")
        if text == "*":
            return cls(PatternKind.EVERYBODY)
        try:
            return cls._parse_domain_form(text) or cls._parse_mailbox_form(text)
        except AddressError as error:
            raise PatternError(f"not a pattern: {error}", f"Write {FORMS}.") from None

    @classmethod
    def _parse_domain_form(cls, text: str) -> RecipientPattern | None:
        for prefix, kind in (
            ("*@", PatternKind.DOMAIN),
            ("@", PatternKind.DOMAIN),
            (".", PatternKind.SUBDOMAINS),
        ):
            if text.startswith(prefix):
                rest = text.removeprefix(prefix)
                if rest == "*":
                    raise PatternError("everybody is written as * alone", "Write *.")
                if kind is PatternKind.DOMAIN and rest.startswith((".", "*.")):
                    raise PatternError(
                        "subdomains are written with a dot and no @", f"Write .{rest.lstrip('*.')}."
                    )
                return cls(kind, parse_domain(rest))
        return None

    @classmethod
    def _parse_mailbox_form(cls, text: str) -> RecipientPattern:
        if "@" not in text:
            raise PatternError(
                "the pattern has no @ and does not begin with a dot",
                "Write @ before a domain to mean its mailboxes, a dot to mean its subdomains.",
            )
        mailbox = parse_mailbox(text)
        # A mailbox may have these in its name, but who writes them here means a wildcard that there is not.
        if "*" in mailbox.local or "?" in mailbox.local:
            raise PatternError("there are no wildcards inside a name", f"Write {FORMS}.")
        return cls(PatternKind.MAILBOX, mailbox.domain, mailbox.local)

    @property
    def text(self) -> str:
        """The pattern as it is stored and shown: parsing it again gives the same pattern."""
        match self.kind:
            case PatternKind.EVERYBODY:
                return "*"
            case PatternKind.DOMAIN:
                return f"@{self.domain}"
            case PatternKind.SUBDOMAINS:
                return f".{self.domain}"
            case PatternKind.MAILBOX:
                return f"{self.local}@{self.domain}"

    def allows(self, mailbox: Mailbox) -> bool:
        """Whether the pattern lets mail to `mailbox` pass, when it stands in a list of those allowed."""
        return RecipientList.compile((self.text,)).allowing(mailbox) is not None

    def blocks(self, mailbox: Mailbox) -> bool:
        """Whether the pattern keeps mail from `mailbox`, when it stands in a list of those blocked."""
        return RecipientList.compile((self.text,)).blocking(mailbox) is not None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientList:
    """A list of patterns made ready: one answer takes a few look-ups, with one pattern or 10,000.

    The same list serves for allowing and for blocking; which of the two is asked decides how names compare.
    """

    everybody: bool = False
    domains: frozenset[str] = frozenset()
    subdomains_of: frozenset[str] = frozenset()
    # (compared local part, domain) → the pattern's text
    allowed_names: Mapping[tuple[str, str], str] = field(default_factory=dict)
    blocked_names: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @staticmethod
    def compile(patterns: Iterable[str]) -> RecipientList:
        """The list that these texts state. Raises PatternError if any is none of the four forms."""
        texts = tuple(patterns)
        if not all(isinstance(text, str) for text in texts):
            raise PatternError("the list holds something that is not a text")
        return _compile(texts)

    def allowing(self, mailbox: Mailbox) -> str | None:
        """The pattern that lets mail to `mailbox` pass, the narrowest form first; None if none does."""
        named = (
            self.allowed_names.get((_allow_key(mailbox.local), mailbox.domain))
            if self.allowed_names
            else None
        )
        return named or self._by_domain(mailbox.domain)

    def blocking(self, mailbox: Mailbox) -> str | None:
        """The pattern that keeps mail from `mailbox`, the narrowest form first; None if none does."""
        if self.blocked_names:
            name = mailbox.local_key
            while True:
                if named := self.blocked_names.get((name, mailbox.domain)):
                    return named
                name, plus, _ = name.rpartition("+")
                if not plus:
                    break
        return self._by_domain(mailbox.domain)

    def _by_domain(self, domain: str) -> str | None:
        if domain in self.domains:
            return f"@{domain}"
        if self.subdomains_of:
            parent = domain
            while parent:
                parent = parent.partition(".")[2]
                if parent in self.subdomains_of:
                    return f".{parent}"
        return "*" if self.everybody else None


def check_patterns(patterns: Iterable[str], *, field: str) -> tuple[FieldProblem, ...]:
    """What is wrong with a list of patterns: one problem each, named `field[index]`; at most some twenty."""
    problems: list[FieldProblem] = []
    bad = 0
    for index, text in enumerate(patterns):
        if index >= MAX_PATTERNS:
            message = f"there are more than {MAX_PATTERNS:,} patterns"
            return (FieldProblem(field, message, "Name whole domains (@domain) instead of each mailbox."),)
        try:
            RecipientPattern.parse(text)
        except PatternError as error:
            bad += 1
            if bad <= MAX_PROBLEMS:
                problems.append(FieldProblem(f"{field}[{index}]", str(error), error.remedy))
    if bad > MAX_PROBLEMS:
        problems.append(FieldProblem(field, f"{bad - MAX_PROBLEMS:,} more patterns are wrong as well"))
    return tuple(problems)


def normalise_patterns(patterns: Iterable[str]) -> tuple[str, ...]:
    """The patterns as they are stored: in normal form, each once, in the order given. Raises PatternError."""
    return tuple(dict.fromkeys(RecipientPattern.parse(text).text for text in patterns))


# Grants change rarely and are asked with every mail: the compiled form of the last few is kept.
@lru_cache(maxsize=64)
def _compile(patterns: tuple[str, ...]) -> RecipientList:
    everybody = False
    domains: set[str] = set()
    subdomains_of: set[str] = set()
    allowed_names: dict[tuple[str, str], str] = {}
    blocked_names: dict[tuple[str, str], str] = {}
    for text in patterns:
        pattern = RecipientPattern.parse(text)
        match pattern.kind:
            case PatternKind.EVERYBODY:
                everybody = True
            case PatternKind.DOMAIN:
                domains.add(pattern.domain)
            case PatternKind.SUBDOMAINS:
                subdomains_of.add(pattern.domain)
            case PatternKind.MAILBOX:
                allowed_names[_allow_key(pattern.local), pattern.domain] = pattern.text
                blocked_names[local_key(pattern.local), pattern.domain] = pattern.text
    return RecipientList(
        everybody=everybody,
        domains=frozenset(domains),
        subdomains_of=frozenset(subdomains_of),
        allowed_names=allowed_names,
        blocked_names=blocked_names,
    )


def _allow_key(local: str) -> str:
    # Lower case, not folded: 'ß' must not let 'ss' pass, nor a full-width 'ａ' an 'a'.
    return local.lower()
