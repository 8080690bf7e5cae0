"""Recipient patterns: four forms, what each of them means, and that a long list or text is never slow."""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from types import FrameType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.policy.address import AddressError, Mailbox, parse_mailbox
from core.policy.patterns import (
    MAX_PATTERNS,
    PatternError,
    RecipientList,
    RecipientPattern,
    check_patterns,
    normalise_patterns,
)


def allows(pattern: str, address: str) -> bool:
    return RecipientPattern.parse(pattern).allows(parse_mailbox(address))


def blocks(pattern: str, address: str) -> bool:
    return RecipientPattern.parse(pattern).blocks(parse_mailbox(address))


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("*", "*"),
        ("@ok.test", "@ok.test"),
        ("*@ok.test", "@ok.test"),
        ("@OK.Test", "@ok.test"),
        ("@bücher.test", "@xn--bcher-kva.test"),
        (".ok.test", ".ok.test"),
        (".test", ".test"),
        ("@localhost", "@localhost"),
        ("Bob@OK.test", "Bob@ok.test"),
        ("ceo+1@x.test", "ceo+1@x.test"),
    ],
)
def test_each_of_the_four_forms_is_stored_in_one_way(text: str, stored: str) -> None:
    assert RecipientPattern.parse(text).text == stored
    assert RecipientPattern.parse(stored).text == stored
    assert str(RecipientPattern.parse(text)) == stored


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", "remove it"),
        ("ok.test", "Write @ before a domain"),
        ("bob", "Write @ before a domain"),
        ("*.ok.test", "a dot to mean its subdomains"),
        ("*@*.ok.test", "Write .ok.test."),
        ("@.ok.test", "Write .ok.test."),
        ("@*", "Write *."),
        ("*@*", "Write *."),
        ("**", "Write @ before a domain"),
        ("a*@ok.test", "user@domain"),
        ("?@ok.test", "user@domain"),
        ("@ok.*", "user@domain"),
        (".", "user@domain"),
        ("..ok.test", "user@domain"),
        ("@", "user@domain"),
        ("@ok.test,@b.test", "user@domain"),
        ("(a+)+$", "Write @ before a domain"),
        ("(a+)+$@ok.test", "user@domain"),
        ("[a-z]@ok.test", "user@domain"),
        ("a%evil.test@ok.test", "user@domain"),
        ('"ceo"@x.test', "user@domain"),
        ("Bob <bob@ok.test>", "user@domain"),
        (" @ok.test", "user@domain"),
        ("@ok.test\n", "user@domain"),
        ("@o\u200bk.test", "user@domain"),
        ("@127.0.0.1", "user@domain"),
        ("a" * 10_240, "user@domain"),
        ("*" * 10_240, "user@domain"),
    ],
)
def test_any_other_form_is_refused_and_the_remedy_says_how_to_write_it(text: str, remedy: str) -> None:
    with pytest.raises(PatternError) as refusal:
        RecipientPattern.parse(text)
    assert remedy in refusal.value.remedy
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize("kind", [allows, blocks])
@pytest.mark.parametrize(
    ("pattern", "address", "matches"),
    [
        ("*", "anybody@anywhere.test", True),
        ("@ok.test", "a@ok.test", True),
        ("@ok.test", "a@OK.TEST", True),
        ("@ok.test", "a@ｏｋ.test", True),
        ("@ok.test", "a@оk.test", False),  # Cyrillic о
        ("@ok.test", "a@sub.ok.test", False),
        ("@ok.test", "a@evilok.test", False),
        ("@ok.test", "a@ok.test.evil", False),
        (".ok.test", "a@sub.ok.test", True),
        (".ok.test", "a@deep.sub.ok.test", True),
        (".ok.test", "a@ok.test", False),
        (".ok.test", "a@evilok.test", False),
        (".ok.test", "a@ok.test.evil", False),
        (".ok.test", "a@sub.ok.test.evil", False),
        ("@bücher.test", "a@xn--bcher-kva.test", True),
        ("bob@ok.test", "bob@ok.test", True),
        ("bob@ok.test", "BOB@ok.test", True),
        ("bob@ok.test", "bobby@ok.test", False),
        ("bob@ok.test", "bob@sub.ok.test", False),
        ("b.ob@ok.test", "bob@ok.test", False),  # dots count
        ("bob@ok.test", "bob-1@ok.test", False),  # a hyphen is no tag
        ("bob+news@ok.test", "bob@ok.test", False),
        ("bob+news@ok.test", "bob+NEWS@ok.test", True),
    ],
)
def test_a_pattern_matches_what_it_says(kind: Any, pattern: str, address: str, *, matches: bool) -> None:
    assert kind(pattern, address) is matches


@pytest.mark.parametrize(
    "address",
    ["CEO@x.test", "ceo+1@x.test", "Ceo+a+b@x.test", "ｃｅｏ@x.test", "ceo＋1@x.test", "ⓒeo@x.test"],
)
def test_blocking_a_name_blocks_it_in_every_spelling_and_with_every_tag(address: str) -> None:
    assert blocks("ceo@x.test", address)
    assert blocks("CEO@X.test", address)


@pytest.mark.parametrize("address", ["bob+1@ok.test", "ｂob@ok.test", "bob+@ok.test"])
def test_allowing_a_name_allows_no_tag_and_no_look_alike_of_it(address: str) -> None:
    assert not allows("bob@ok.test", address)


def test_allowing_does_not_take_one_letter_for_another_that_folds_to_it() -> None:
    assert not allows("strasse@ok.test", "straße@ok.test")
    assert blocks("strasse@ok.test", "straße@ok.test")


def test_blocking_a_tag_blocks_that_tag_and_its_tags_and_not_the_name() -> None:
    assert blocks("ceo+news@x.test", "ceo+news@x.test")
    assert blocks("ceo+news@x.test", "ceo+news+1@x.test")
    assert not blocks("ceo+news@x.test", "ceo@x.test")
    assert not blocks("ceo+news@x.test", "ceo+other@x.test")


def test_the_answer_names_the_narrowest_pattern() -> None:
    patterns = RecipientList.compile(["*", ".ok.test", "@sub.ok.test", "bob@sub.ok.test"])
    assert patterns.allowing(parse_mailbox("BOB@sub.ok.test")) == "bob@sub.ok.test"
    assert patterns.blocking(parse_mailbox("bob+1@sub.ok.test")) == "bob@sub.ok.test"
    assert patterns.allowing(parse_mailbox("eve@sub.ok.test")) == "@sub.ok.test"
    assert patterns.allowing(parse_mailbox("eve@other.ok.test")) == ".ok.test"
    assert patterns.allowing(parse_mailbox("eve@else.test")) == "*"


def test_an_empty_list_matches_nobody() -> None:
    nobody = RecipientList.compile([])
    assert nobody.allowing(parse_mailbox("a@ok.test")) is None
    assert nobody.blocking(parse_mailbox("a@ok.test")) is None


@pytest.mark.parametrize("broken", ["not a pattern", None, 7, {"a": 1}])
def test_a_list_with_a_pattern_that_cannot_be_read_is_no_list(broken: Any) -> None:
    with pytest.raises(PatternError):
        RecipientList.compile(["@ok.test", broken])


def test_patterns_are_stored_in_normal_form_and_each_once() -> None:
    assert normalise_patterns(["*@OK.test", "@ok.test", ".B.test", "Bob@x.test"]) == (
        "@ok.test",
        ".b.test",
        "Bob@x.test",
    )


def test_each_wrong_pattern_is_a_problem_at_its_place() -> None:
    problems = check_patterns(["@ok.test", "ok.test", "*", "a*@b.test"], field="allowed_recipients")
    assert [problem.field for problem in problems] == ["allowed_recipients[1]", "allowed_recipients[3]"]
    assert all(problem.message and problem.remedy for problem in problems)


def test_ten_thousand_wrong_patterns_are_counted_not_listed() -> None:
    problems = check_patterns(["x"] * MAX_PATTERNS, field="blocked_recipients")
    assert len(problems) == 21
    assert problems[-1].message == "9,980 more patterns are wrong as well"


def test_a_list_beyond_ten_thousand_is_refused_as_a_whole() -> None:
    (problem,) = check_patterns(["@ok.test"] * (MAX_PATTERNS + 1), field="allowed_recipients")
    assert (problem.field, problem.message) == ("allowed_recipients", "there are more than 10,000 patterns")


# How long a thing takes is measured in lines of Python run, not in seconds.


def lines_run(call: Any, *arguments: Any) -> int:
    """The lines of Python that a call takes: neither first imports nor the garbage collector's finalisers count."""
    with suppress(PatternError):
        call(*arguments)
    gc.collect()
    gc.disable()
    try:
        return _lines_run(call, *arguments)
    finally:
        gc.enable()


def _lines_run(call: Any, *arguments: Any) -> int:
    count = 0

    def tracer(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        call(*arguments)
    except PatternError:
        pass
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("unit", ["a", "(a+)+$", "*", "@", ".", "*@", "a.", "+", "\u0308", "=?"])
def test_a_longer_text_costs_no_more_to_refuse(unit: str) -> None:
    short, long = (unit * (size // len(unit)) for size in (10_240, 102_400))
    assert lines_run(RecipientPattern.parse, long) <= lines_run(RecipientPattern.parse, short) < 100


@pytest.mark.parametrize("form", ["user{}@ok.test", "@d{}.test", ".d{}.test"])
def test_a_longer_list_costs_no_more_to_ask(form: str) -> None:
    few, many = (RecipientList.compile(form.format(n) for n in range(size)) for size in (10, MAX_PATTERNS))
    mailbox = parse_mailbox("a+b+c@sub.else.test")
    for ask in ("allowing", "blocking"):
        assert lines_run(getattr(many, ask), mailbox) == lines_run(getattr(few, ask), mailbox) < 50


def test_the_worst_name_costs_no_more_than_its_sixty_four_octets() -> None:
    blocked = RecipientList.compile(["x@ok.test"])
    assert lines_run(blocked.blocking, parse_mailbox("+" * 64 + "@ok.test")) < 300


# Rules for all addresses and patterns.

NAMES = st.text(st.sampled_from("abcABC.+-1ßü@"), min_size=1, max_size=6)
DOMAINS = st.sampled_from(
    ["ok.test", "sub.ok.test", "evilok.test", "ok.test.evil", "оk.test", "OK.TEST", "x.test"]
)
PATTERNS = st.one_of(
    st.just("*"),
    DOMAINS.map("@{}".format),
    DOMAINS.map(".{}".format),
    st.builds("{}@{}".format, NAMES, DOMAINS),
)


def mailbox_or_other(text: str) -> Mailbox:
    try:
        return parse_mailbox(text)
    except AddressError:
        return Mailbox("other", "else.test")


def pattern_or_other(text: str) -> RecipientPattern:
    try:
        return RecipientPattern.parse(text)
    except PatternError:
        return RecipientPattern.parse("@else.test")


MAILBOXES = st.builds("{}@{}".format, NAMES, DOMAINS).map(mailbox_or_other)
SOUND_PATTERNS = PATTERNS.map(pattern_or_other)


@given(
    st.one_of(
        st.text(max_size=60), st.builds("{}@ok.test{}".format, st.text(max_size=20), st.text(max_size=20))
    )
)
@example("a@ok.test\u2028")
@example("a@ok.test.evil.test")
def test_allowing_a_domain_lets_no_other_domain_pass(text: str) -> None:
    mailbox = mailbox_or_other(text)
    if allows("@ok.test", mailbox.address):
        assert mailbox.address.endswith("@ok.test")
        assert mailbox.address.count("@") == 1


@given(st.text(max_size=40))
def test_whatever_comes_in_is_a_pattern_of_one_form_or_a_pattern_error(text: str) -> None:
    try:
        pattern = RecipientPattern.parse(text)
    except PatternError:
        return
    assert RecipientPattern.parse(pattern.text) == pattern


@given(SOUND_PATTERNS, MAILBOXES)
def test_whoever_a_pattern_allows_it_also_blocks(pattern: RecipientPattern, mailbox: Mailbox) -> None:
    if pattern.allows(mailbox):
        assert pattern.blocks(mailbox)


@given(st.lists(SOUND_PATTERNS, max_size=5), MAILBOXES)
def test_a_list_answers_as_its_patterns_one_by_one(
    patterns: list[RecipientPattern], mailbox: Mailbox
) -> None:
    together = RecipientList.compile(pattern.text for pattern in patterns)
    assert (together.allowing(mailbox) is not None) == any(pattern.allows(mailbox) for pattern in patterns)
    assert (together.blocking(mailbox) is not None) == any(pattern.blocks(mailbox) for pattern in patterns)
