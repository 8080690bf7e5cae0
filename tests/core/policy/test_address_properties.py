"""Rules that hold for every address there is: what was judged is what stands in RCPT TO."""

from __future__ import annotations

import unicodedata

from email_validator import validate_email
from hypothesis import assume, example, given
from hypothesis import strategies as st

from core.policy import address as room
from core.policy.address import AddressError, Mailbox, local_key, parse_mailbox

# Text that is nearly an address: parts that are sound, and single characters that attack one.
PIECES = st.sampled_from(
    [
        "a",
        "ok",
        "test",
        "evil",
        "ceo",
        ".",
        "@",
        "+",
        "-",
        "%",
        "!",
        '"',
        "<",
        ">",
        ":",
        ",",
        ";",
        "(",
        ")",
        " ",
        "\t",
        "\r\n",
        "\0",
        "\x1b",
        "\u200b",
        "\u202e",
        "\u2028",
        "\ufeff",
        "[",
        "]",
        "\\",
        "=?",
        "?=",
        "ü",
        "ß",
        "İ",
        "ſ",
        "K",
        "ｏ",
        "＠",
        "％",
        "。",
        "о",
        "א",
        "用",
        "\u0308",
        "xn--",
        "@ok.test",
        ".test",
    ]
)
LETTERS = st.text(st.characters(categories=["L", "N", "M"]), min_size=1, max_size=6)
SPOILT = st.lists(PIECES, min_size=1, max_size=6).map("".join)
NEAR_ADDRESSES = st.one_of(
    st.text(max_size=80),
    SPOILT,
    st.builds("{}@{}".format, SPOILT, st.just("ok.test")),
    st.builds("{}@{}".format, st.just("a"), SPOILT),
    st.builds("{}@{}.test".format, LETTERS, LETTERS),
    st.builds("{}.{}@ok.test".format, LETTERS, LETTERS),
)
PLAIN_LOCALS = st.from_regex(r"[A-Za-z0-9_+.-]{1,20}", fullmatch=True)
PLAIN_DOMAINS = st.from_regex(r"[A-Za-z0-9.-]{1,30}", fullmatch=True)


def accepted(text: str) -> Mailbox:
    """The mailbox that `text` names, or a harmless one where it is refused: a refusal breaks no rule here."""
    try:
        return parse_mailbox(text)
    except AddressError:
        return Mailbox("a", "ok.test")


@given(NEAR_ADDRESSES)
def test_whatever_comes_in_is_a_mailbox_or_an_address_error(text: str) -> None:
    try:
        parse_mailbox(text)
    except AddressError as refusal:
        assert str(refusal)
        assert refusal.remedy


@given(NEAR_ADDRESSES)
def test_parsing_what_was_parsed_changes_nothing(text: str) -> None:
    mailbox = accepted(text)
    assert parse_mailbox(mailbox.address) == mailbox


@given(NEAR_ADDRESSES)
def test_no_accepted_address_holds_anything_that_a_command_line_of_smtp_could_stumble_over(text: str) -> None:
    address = accepted(text).address
    assert address.count("@") == 1
    assert not set(address) & set('"<>(),:;[]\\%!')
    assert not any(unicodedata.category(character)[0] in "CZ" for character in address)
    assert "=?" not in address
    assert len(address.encode()) <= 254


@given(NEAR_ADDRESSES)
def test_the_domain_is_lower_case_ascii_and_no_number(text: str) -> None:
    domain = accepted(text).domain
    assert domain.isascii()
    assert domain == domain.lower()
    assert not domain.rpartition(".")[2].isdigit()


@given(NEAR_ADDRESSES)
def test_a_server_that_folds_compatibility_forms_sees_no_other_structure(text: str) -> None:
    folded = unicodedata.normalize("NFKC", accepted(text).address)
    assert folded.count("@") == 1
    assert not set(folded) & set('"<>(),:;[]\\%! ')


@given(PLAIN_LOCALS, PLAIN_DOMAINS)
@example("a", "xn--a")
@example("a", "ab--c.test")
@example("a.", "ok.test")
@example("a", "ok.test.")
def test_the_fast_way_for_plain_addresses_agrees_with_email_validator(local: str, domain: str) -> None:
    fast = room._PLAIN_LOCAL.fullmatch(local) and room._is_plain_domain(domain.lower())
    assume(fast)
    result = validate_email(f"{local}@{domain}.x", check_deliverability=False, globally_deliverable=False)
    assert result.ascii_domain.removesuffix(".x") == domain.lower()
    # email-validator writes the names of RFC 2142 (postmaster …) in lower case; here they keep theirs.
    assert result.local_part.lower() == local.lower()


@given(st.text())
def test_the_wide_key_is_final(text: str) -> None:
    assert local_key(local_key(text)) == local_key(text)


@given(st.text(st.characters(max_codepoint=0x2FF)))
def test_the_wide_key_forgets_case(text: str) -> None:
    assert local_key(text.upper()) == local_key(text.upper().lower())
