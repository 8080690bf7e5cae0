"""What is an address to the gate, and what is refused before anything else runs."""

from __future__ import annotations

import pytest

from core.policy.address import AddressError, parse_domain, parse_mailbox

ACCEPTED = [
    ("a@ok.test", "a@ok.test"),
    ("first.last+tag@ok.test", "first.last+tag@ok.test"),
    ("Jo.Doe@OK.Test", "Jo.Doe@ok.test"),  # the local part keeps its case, RFC 5321 2.4
    ("Postmaster@OK.test", "Postmaster@ok.test"),
    ("o'neil/x=1&2@ok.test", "o'neil/x=1&2@ok.test"),
    ("root@localhost", "root@localhost"),
    ("scanner@mail", "scanner@mail"),
    ("a@printer.local", "a@printer.local"),
    ("a@x.invalid", "a@x.invalid"),
    ("a@ｏｋ.test", "a@ok.test"),  # full width becomes ASCII before anything is judged
    ("a@OK。test", "a@ok.test"),  # an ideographic full stop is a dot
    ("a@bücher.test", "a@xn--bcher-kva.test"),
    ("a@XN--BCHER-KVA.test", "a@xn--bcher-kva.test"),
    ("a@faß.test", "a@xn--fa-hia.test"),
    ("a@оk.test", "a@xn--k-0tb.test"),  # Cyrillic о: another domain, and seen to be one
    ("jürgen@ok.test", "jürgen@ok.test"),
    ("ju\u0308rgen@ok.test", "jürgen@ok.test"),  # NFC
    ("用户@例子.test", "用户@xn--fsqu00a.test"),
]


@pytest.mark.parametrize(("text", "address"), ACCEPTED)
def test_an_address_is_brought_to_one_form(text: str, address: str) -> None:
    assert parse_mailbox(text).address == address


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("postmaster", "no domain"),
        ("a@", "no domain"),
        ("@ok.test", "no local part"),
        ("G: a@ok.test, b@evil.test;", "group"),
        ('"a@ok.test" <b@evil.test>', "quotes"),
        ("Bob <b@evil.test>", "a display name"),
        ("<b@evil.test>", "angle brackets"),
        ("<@relay.evil:a@ok.test>", "angle brackets"),
        ("@relay.evil:a@ok.test", "source route"),
        ("@relay.evil,@b.evil:a@ok.test", "source route"),
        ("a%evil.test@ok.test", "'%'"),
        ("a％evil.test@ok.test", "'%'"),
        ("evil!a@ok.test", "'!'"),
        ("evil！a@ok.test", "'!'"),
        ("b＠evil.test@ok.test", "look-alike of an @-sign"),
        ("b@evil.test@ok.test", "more than one @-sign"),
        ("a@ok.test,b@evil.test", "more than one address"),
        ("user@ok.test(x)evil.com", "comment"),
        ("(x)user@ok.test", "comment"),
        ('"ceo"@x.test', "quotes"),
        ('"b@evil.test> ORCPT=x"@ok.test', "quotes"),
        ("a\\@evil.test@ok.test", "backslash"),
        ("=?utf-8?q?b=40evil.test?=@ok.test", "encoded word"),
        ("＝?utf-8?q?b?=@ok.test", "encoded word"),
        ("a@=?utf-8?q?ok.test?=", "invalid characters"),
        ("a@[127.0.0.1]", "address literal"),
        ("a@[IPv6:::1]", "address literal"),
        ("a@127.0.0.1", "IP address"),
        ("a@2130706433", "IP address"),
        ("a@0x7f", "IP address"),
        ("a@evil.test\r\nRCPT TO:<b@evil.test>", "a line break (U+000D)"),
        ("a\n@ok.test", "a line break"),
        ("a\u2028@ok.test", "a line break"),
        ("a\x85@ok.test", "a control character"),
        ("a\0@ok.test", "a control character"),
        ("a\x7f@ok.test", "a control character"),
        ("a@ok.test\t", "a control character"),
        (" a@ok.test", "a blank"),
        ("a b@ok.test", "a blank"),
        ("a\u00a0b@ok.test", "a blank"),
        ("a\u3000@ok.test", "a blank"),
        ("a\u200b@ok.test", "invisible"),
        ("a\u200d@ok.test", "invisible"),
        ("a@o\u00adk.test", "invisible"),
        ("a\ufe0f@ok.test", "invisible"),
        ("a\u3164@ok.test", "invisible"),
        ("\u202etset.live@ok.test", "invisible"),
        ("a@\u200eok.test", "invisible"),
        ("\ufeffa@ok.test", "invisible"),
        ("\ud800@ok.test", "surrogate"),
        ("\ue000@ok.test", "does not define"),
        ("a..b@ok.test", "two periods"),
        (".a@ok.test", "period"),
        ("a.@ok.test", "period"),
        ("a@ok..test", "two periods"),
        ("a@.ok.test", "period"),
        ("a@ok.test.", "two periods"),
        ("a@-ok.test", "hyphen"),
        ("a@my_host.test", "invalid characters"),
        ("a@☃.test", "not allowed"),
        ("a@xn--a.test", "IDNA"),
        ("a@ab--c.test", "two dashes"),
        ("a@א.1.test", "IDNA"),
        ("a" * 65 + "@ok.test", "longer than 64 octets"),
        ("é" * 33 + "@ok.test", "longer than 64 octets"),
        ("a@" + "b" * 64 + ".test", "characters"),
        ("a@" + ".".join(["b" * 60] * 5), "long"),
        ("a" * 10_000, "long"),
    ],
)
def test_what_is_not_a_bare_address_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(AddressError) as refusal:
        parse_mailbox(text)
    assert why in str(refusal.value)
    assert refusal.value.remedy


def test_the_longest_address_of_the_standard_is_accepted_and_one_octet_more_is_not() -> None:
    local = "a" * 64
    domain = ".".join(["b" * 62, "c" * 62, "d" * 62])  # 188 octets
    longest = f"{local}@{domain}"
    assert len(longest) == 253
    assert parse_mailbox(longest).address == longest
    assert len(parse_mailbox(f"{local}@{domain}d").address) == 254
    with pytest.raises(AddressError, match="254"):
        parse_mailbox(f"{local}@{domain}dd")


def test_length_counts_after_the_domain_became_ascii() -> None:
    with pytest.raises(AddressError, match="long"):
        parse_mailbox("a@" + ".".join(["ü" * 50] * 4))


def test_a_refusal_repeats_nothing_that_could_attack_a_terminal() -> None:
    for text in ("a\x1b]52;c;x\x07@ok.test", "a\u202e@ok.test", "a@\x9b31m.test"):
        with pytest.raises(AddressError) as refusal:
            parse_mailbox(text)
        assert str(refusal.value).isprintable()


@pytest.mark.parametrize("same", ["CEO", "ceo", "ＣＥＯ", "Ⓒeo"])
def test_the_wide_key_ignores_case_and_compatibility_forms(same: str) -> None:
    assert parse_mailbox(f"{same}@x.test").local_key == "ceo"


def test_a_domain_alone_takes_the_same_form_as_behind_an_at_sign() -> None:
    assert parse_domain("Bücher.Test") == parse_mailbox("a@Bücher.Test").domain
    for text in ("", "a@ok.test", "ok test", "127.0.0.1", "x" * 300):
        with pytest.raises(AddressError):
            parse_domain(text)
