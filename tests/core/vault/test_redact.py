"""No dress in which a server echoes a password gets it past the redactor."""

from __future__ import annotations

import base64
import hmac
import html
import json
import pickle
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.vault.redact import Redactor, redact
from core.vault.secret import MASK, Secret

USER = "ada@example.test"
PASSWORD = "Sw0rd=fish/ü&<\"'\\ +"

passwords = st.text(st.characters(exclude_categories=["Cs"]), min_size=4, max_size=40)


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def cram(user: str, password: str) -> str:
    """RFC 2195: what a client answers to the challenge."""
    return f"{user} {hmac.new(password.encode(), b'<1896.697170952@mail.test>', 'md5').hexdigest()}"


ECHOES: dict[str, Callable[[str], str]] = {
    "clear": lambda p: p,
    "upper case": lambda p: p.upper(),
    "python repr": repr,
    "python repr of bytes": lambda p: repr(p.encode()),
    "json": json.dumps,
    "json in unicode": lambda p: json.dumps(p, ensure_ascii=False),
    "html": html.escape,
    "hex": lambda p: p.encode().hex(),
    "hex in capitals": lambda p: p.encode().hex().upper(),
    "hex with colons": lambda p: p.encode().hex(":"),
    "hex with blanks": lambda p: p.encode().hex(" "),
    "url": lambda p: urllib.parse.quote(p, safe=""),
    "url with slashes": urllib.parse.quote,
    "form": urllib.parse.quote_plus,
    "every byte percent-encoded": lambda p: "".join(f"%{byte:02X}" for byte in p.encode()),
    "decoded as latin-1": lambda p: p.encode().decode("latin-1"),
    "decoded as ascii with surrogates": lambda p: p.encode().decode("ascii", "surrogateescape"),
    "decoded as ascii with replacement": lambda p: p.encode().decode("ascii", "replace"),
    "base64": lambda p: b64(p.encode()),
    "base64 without padding": lambda p: b64(p.encode()).rstrip("="),
    "base64 for urls": lambda p: base64.urlsafe_b64encode(p.encode()).decode(),
    "plain": lambda p: b64(f"\0{USER}\0{p}".encode()),
    "plain with authorisation identity": lambda p: b64(f"boss\0{USER}\0{p}".encode()),
    "inside a longer base64": lambda p: b64(f"user={USER}\x01auth=Bearer {p}\x01\x01".encode()),
    "base64 glued to a word": lambda p: f"auth-{b64(p.encode())}",
    "cram": lambda p: b64(cram(USER, p).encode()),
    "cram decoded": lambda p: cram(USER, p),
}


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES.keys())
@pytest.mark.parametrize("password", [PASSWORD, "hunter2", "correct horse battery", "ÄÖÜß", "\u212bngstrom"])
def test_an_echo_is_replaced(echo: Callable[[str], str], password: str) -> None:
    echoed = echo(password)
    for text in (f"535 5.7.8 bad credentials: {echoed} (try again)", echoed, f"<{echoed}>"):
        redacted = redact(text, [Secret(password)], username=USER)
        assert MASK in redacted
        assert echoed not in redacted
        assert echoed.strip("\"'b") not in redacted
        if len(text) > len(echoed) + 2:
            assert redacted.startswith("535 5.7.8 bad credentials: ")
            assert redacted.endswith(" (try again)")


@pytest.mark.parametrize("before", range(7))
@pytest.mark.parametrize("after", range(4))
def test_in_base64_it_is_found_at_every_alignment(before: int, after: int) -> None:
    echoed = b64(b"x" * before + b"hunter2" + b"y" * after)
    assert redact(f"535 {echoed} no", [Secret("hunter2")]) == f"535 {MASK} no"


@given(password=passwords, before=st.text(max_size=20), after=st.text(max_size=20))
def test_no_clear_password_remains(password: str, before: str, after: str) -> None:
    assume("*" not in password)
    assert password not in redact(before + password + after, [Secret(password)])


@given(password=passwords, before=st.binary(max_size=20), after=st.binary(max_size=20))
def test_no_base64_remains_from_which_it_could_be_read(password: str, before: bytes, after: bytes) -> None:
    text = f"535 {b64(before + password.encode() + after)} no"
    assert redact(text, [Secret(password)]) == f"535 {MASK} no"


@pytest.mark.parametrize("password", ["ÄÖÜß", "naïve café"])
def test_base64_of_another_encoding_is_found(password: str) -> None:
    assert redact(f"535 {b64(password.encode('latin-1'))} no", [Secret(password)]) == f"535 {MASK} no"


@given(text=st.text(), secrets=st.lists(passwords, max_size=3))
def test_what_holds_no_trace_stays_as_it_is(text: str, secrets: list[str]) -> None:
    redacted = redact(text, [Secret(secret) for secret in secrets])
    assert redacted == text or MASK in redacted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "250 2.0.0 OK 1748012345 4fb4d7f45d1cf-a2b3c4d5e6fsm12345678a12.34 - gsmtp",
        "535-5.7.8 Username and Password not accepted. For more information, go to\n535 5.7.8 https://support.test/",
        "250 queued as 0123456789abcdef0123456789abcdef",
        "334 UGFzc3dvcmQ6",
        "220 mail.example.test ESMTP ready – grüß Gott",
    ],
)
def test_ordinary_replies_stay_as_they_are(text: str) -> None:
    assert redact(text, [Secret(PASSWORD), Secret("hunter2")], username=USER) == text


def test_short_secrets_are_found_too() -> None:
    assert redact("535 YQ== AGFkYQBh", [Secret("a")]) == f"535 {MASK} {MASK}"
    assert redact("no: abc", [Secret("abc")]) == f"no: {MASK}"


def test_an_empty_secret_hides_nothing() -> None:
    assert redact("535 no", [Secret("")]) == "535 no"
    assert redact("535 no", []) == "535 no"


def test_secrets_that_overlap_vanish_together() -> None:
    assert redact("<abcXdef>", [Secret("abcX"), Secret("Xdef")]) == f"<{MASK}>"
    assert redact("<ababab>", [Secret("abab")]) == f"<{MASK}>"
    assert redact("<abababa>", [Secret("abab")]) == f"<{MASK}a>"
    assert redact("<longer secret>", [Secret("longer"), Secret("longer secret")]) == f"<{MASK}>"


def test_each_occurrence_goes() -> None:
    assert redact("hunter2, hunter2 and HUNTER2", [Secret("hunter2")]) == f"{MASK}, {MASK} and {MASK}"


def test_a_known_digest_is_given_as_one_more_secret() -> None:
    digest = cram(USER, PASSWORD).split()[1]
    assert redact(f"535 digest {digest.upper()} is wrong", [Secret(digest)]) == f"535 digest {MASK} is wrong"


@pytest.mark.timeout(60)
def test_whatever_a_server_repeats_is_redacted_in_bounded_time() -> None:
    """A quadratic step would take minutes here."""
    redactor = Redactor([Secret("hunter2"), Secret("aaaaaaaa")], username="aaaa")
    for text in ("a" * 300_000, "hunter" * 50_000, "aGVsbG8=" * 40_000, "aaaa 0123" * 30_000):
        assert "hunter2" not in redactor.redact(text)


def test_the_redactor_does_not_show_what_it_looks_for() -> None:
    redactor = Redactor([Secret("hunter2")])
    assert repr(redactor) == "Redactor(1 secrets)"
    with pytest.raises(TypeError):
        pickle.dumps(redactor)
    with pytest.raises(TypeError):
        vars(redactor)
    with pytest.raises(TypeError):
        redactor.__getstate__()
