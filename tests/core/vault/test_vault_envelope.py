"""A sealed secret opens in its own place with its own key, and in no other way."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SecretUnreadable, VaultError
from core.vault import envelope
from core.vault.envelope import SealedSecret, open_sealed, rewrap, seal
from core.vault.keys import MasterKey
from core.vault.secret import Secret

KEY = MasterKey(bytes(range(32)))
KEYS = {KEY.key_id: KEY}
OWNER, SECRET_ID = UUID(int=1), UUID(int=2)
PURPOSE = "smtp password"

# Sealed once and for all: whatever a workspace holds must open in every later version.
GOLDEN = SealedSecret(
    secret_id=SECRET_ID,
    owner_id=OWNER,
    version=3,
    purpose=PURPOSE,
    key_id="c81c6dd28e1a08a8",
    wrapped_key=bytes.fromhex(
        "01a5b0534a7484bc5f3eff8b4445c86efad05c81e35ba409b64473bb99c50bb9c7d0efec5e0ce1f9ee203b01ad608644f28d10b6"
        "31fecbf19279df2bcd"
    ),
    ciphertext=bytes.fromhex(
        "01433f40d733f6da81e8a526a02ec44d24df52947201cef160d92d6086ff16d54f95ac1042dd3404f6c9cd05fcf83b26f0c8d05b"
        "71b8790480fc5a441693396a78762b69ad09e1e20bf54b3537b25153f30e9e8314137dedecefb51598"
    ),
)


def sealed_with(text: str = "correct horse", *, key: MasterKey = KEY, version: int = 3) -> SealedSecret:
    return seal(Secret(text), owner_id=OWNER, secret_id=SECRET_ID, version=version, purpose=PURPOSE, key=key)


def opened(
    sealed: SealedSecret,
    *,
    owner_id: UUID = OWNER,
    secret_id: UUID = SECRET_ID,
    purpose: str = PURPOSE,
    version: int | None = None,
) -> str:
    return open_sealed(
        sealed, owner_id=owner_id, secret_id=secret_id, purpose=purpose, keys=KEYS, version=version
    ).reveal()


def with_blob(sealed: SealedSecret, name: str, blob: bytes) -> SealedSecret:
    if name == "wrapped_key":
        return dataclasses.replace(sealed, wrapped_key=blob)
    return dataclasses.replace(sealed, ciphertext=blob)


def flips(blob: bytes) -> Iterator[bytes]:
    for bit in range(len(blob) * 8):
        flipped = bytearray(blob)
        flipped[bit // 8] ^= 1 << bit % 8
        yield bytes(flipped)


def test_what_was_sealed_long_ago_still_opens() -> None:
    assert opened(GOLDEN) == "correct horse – battery"


@given(
    text=st.text(st.characters(exclude_categories=())),
    owner_id=st.uuids(),
    secret_id=st.uuids(),
    version=st.integers(1, 2**63 - 1),
    purpose=st.text(min_size=1),
    value=st.binary(min_size=32, max_size=32),
)
def test_any_text_comes_back_as_it_was(
    text: str, owner_id: UUID, secret_id: UUID, version: int, purpose: str, value: bytes
) -> None:
    key = MasterKey(value)
    sealed = seal(
        Secret(text), owner_id=owner_id, secret_id=secret_id, version=version, purpose=purpose, key=key
    )
    secret = open_sealed(
        sealed,
        owner_id=owner_id,
        secret_id=secret_id,
        purpose=purpose,
        keys={key.key_id: key},
        version=version,
    )
    assert secret.reveal() == text


@pytest.mark.parametrize("text", ["", "\x00", "a\x00\x00", "\x80", "ends with half \ud800", "x" * 100_000])
def test_odd_texts_come_back_too(text: str) -> None:
    assert opened(sealed_with(text)) == text


def test_the_layout_is_the_documented_one() -> None:
    sealed = sealed_with("pass")
    assert (len(sealed.wrapped_key), len(sealed.ciphertext)) == (61, 29 + 64)
    assert (sealed.wrapped_key[0], sealed.ciphertext[0]) == (1, 1)
    place = (b"\x01", PURPOSE.encode(), OWNER.bytes, SECRET_ID.bytes, (3).to_bytes(8, "big"))

    def bound(*fields: bytes) -> bytes:
        return b"".join(len(part).to_bytes(4, "big") + part for part in fields)

    data_key = AESGCMSIV(KEY.subkey("wrap data keys")).decrypt(
        sealed.wrapped_key[1:13],
        sealed.wrapped_key[13:],
        bound(b"gatepost data key", *place, KEY.key_id.encode()),
    )
    padded = AESGCM(data_key).decrypt(
        sealed.ciphertext[1:13], sealed.ciphertext[13:], bound(b"gatepost secret", *place)
    )
    assert padded == b"pass\x80".ljust(64, b"\x00")


def test_the_library_computes_gcm_siv_as_the_standard_says() -> None:
    """RFC 8452, C.2: key and nonce 01 00… and 03 00…, eight bytes of text, no associated data."""
    cipher = AESGCMSIV(b"\x01".ljust(32, b"\x00"))
    text = b"\x01".ljust(8, b"\x00")
    assert cipher.encrypt(b"\x03".ljust(12, b"\x00"), text, b"").hex() == (
        "c2ef328e5c71c83b843122130f7364b761e0b97427e3df28"
    )


def test_the_length_of_a_password_does_not_show() -> None:
    assert {len(sealed_with("x" * length).ciphertext) for length in range(64)} == {93}


def test_the_same_secret_never_looks_the_same() -> None:
    blobs = [(sealed.wrapped_key, sealed.ciphertext) for sealed in (sealed_with() for _ in range(50))]
    for part in (0, 1):
        assert len({pair[part] for pair in blobs}) == 50
        assert len({pair[part][1:13] for pair in blobs}) == 50


def test_neither_value_nor_representation_holds_the_secret() -> None:
    sealed = sealed_with("correct horse")
    assert "correct" not in repr(sealed)
    assert "wrapped_key" not in repr(sealed)
    assert b"correct" not in sealed.wrapped_key + sealed.ciphertext


def test_every_flipped_bit_is_refused() -> None:
    sealed = sealed_with()
    for name in ("wrapped_key", "ciphertext"):
        for flipped in flips(getattr(sealed, name)):
            with pytest.raises(SecretUnreadable):
                opened(with_blob(sealed, name, flipped))


def test_every_truncation_and_every_addition_is_refused() -> None:
    sealed = sealed_with()
    for name in ("wrapped_key", "ciphertext"):
        whole = getattr(sealed, name)
        for changed in (
            *(whole[:length] for length in range(len(whole))),
            *(whole[start:] for start in range(1, len(whole))),
            whole + b"\x00",
            whole + whole,
        ):
            with pytest.raises(SecretUnreadable):
                opened(with_blob(sealed, name, changed))


@given(wrapped_key=st.binary(max_size=200), ciphertext=st.binary(max_size=200))
def test_noise_is_refused(wrapped_key: bytes, ciphertext: bytes) -> None:
    sealed = sealed_with()
    for changed in (
        dataclasses.replace(sealed, wrapped_key=wrapped_key),
        dataclasses.replace(sealed, ciphertext=ciphertext),
        dataclasses.replace(sealed, wrapped_key=sealed.ciphertext, ciphertext=sealed.wrapped_key),
    ):
        with pytest.raises(SecretUnreadable):
            opened(changed)


def test_a_destroyed_secret_is_refused() -> None:
    with pytest.raises(SecretUnreadable):
        opened(dataclasses.replace(sealed_with(), wrapped_key=b"", ciphertext=b""))


@given(
    owner_id=st.uuids().filter(lambda owner: owner != OWNER),
    secret_id=st.uuids().filter(lambda secret: secret != SECRET_ID),
    version=st.integers(-(2**70), 2**70).filter(lambda version: version != 3),
    purpose=st.text(st.characters(exclude_categories=())).filter(lambda purpose: purpose != PURPOSE),
    key_id=st.text().filter(lambda key_id: key_id != KEY.key_id),
)
def test_every_changed_field_is_refused_also_when_the_caller_believes_it(
    owner_id: UUID, secret_id: UUID, version: int, purpose: str, key_id: str
) -> None:
    sealed = sealed_with()
    attempts: list[Callable[[], str]] = [
        lambda: opened(dataclasses.replace(sealed, owner_id=owner_id)),
        lambda: opened(dataclasses.replace(sealed, owner_id=owner_id), owner_id=owner_id),
        lambda: opened(sealed, owner_id=owner_id),
        lambda: opened(dataclasses.replace(sealed, secret_id=secret_id)),
        lambda: opened(dataclasses.replace(sealed, secret_id=secret_id), secret_id=secret_id),
        lambda: opened(sealed, secret_id=secret_id),
        lambda: opened(dataclasses.replace(sealed, version=version)),
        lambda: opened(dataclasses.replace(sealed, version=version), version=version),
        lambda: opened(sealed, version=version),
        lambda: opened(dataclasses.replace(sealed, purpose=purpose)),
        lambda: opened(dataclasses.replace(sealed, purpose=purpose), purpose=purpose),
        lambda: opened(sealed, purpose=purpose),
        lambda: opened(dataclasses.replace(sealed, key_id=key_id)),
    ]
    for attempt in attempts:
        with pytest.raises(SecretUnreadable):
            attempt()


def test_fields_that_run_together_are_told_apart() -> None:
    """Length before each field: nothing moved from one to the next reads the same."""
    assert envelope._bind(b"ab", b"c") != envelope._bind(b"a", b"bc")
    assert envelope._bind(b"ab") != envelope._bind(b"ab", b"")


def test_rows_of_two_users_or_two_versions_can_not_be_mixed() -> None:
    mine, newer = sealed_with("old"), sealed_with("new", version=4)
    other = uuid4()
    theirs = seal(Secret("theirs"), owner_id=other, secret_id=SECRET_ID, version=3, purpose=PURPOSE, key=KEY)
    for first, second in (
        (mine, newer),
        (newer, mine),
        (mine, theirs),
        (theirs, mine),
        (mine, sealed_with()),
    ):
        for mixed in (
            dataclasses.replace(first, wrapped_key=second.wrapped_key),
            dataclasses.replace(first, ciphertext=second.ciphertext),
        ):
            with pytest.raises(SecretUnreadable):
                opened(mixed, owner_id=first.owner_id)
    moved = dataclasses.replace(mine, wrapped_key=theirs.wrapped_key, ciphertext=theirs.ciphertext)
    with pytest.raises(SecretUnreadable):
        opened(moved)


def test_an_old_version_put_back_whole_is_refused_by_who_knows_the_new_one() -> None:
    old = sealed_with("old", version=3)
    assert opened(old) == "old"
    with pytest.raises(SecretUnreadable):
        opened(old, version=4)
    with pytest.raises(SecretUnreadable):
        opened(dataclasses.replace(old, version=4), version=4)


def test_a_key_under_a_wrong_name_opens_nothing() -> None:
    other = MasterKey(bytes(32))
    with pytest.raises(SecretUnreadable):
        open_sealed(
            sealed_with(), owner_id=OWNER, secret_id=SECRET_ID, purpose=PURPOSE, keys={KEY.key_id: other}
        )


def test_a_key_that_is_not_loaded_is_named_but_nothing_else_from_the_row() -> None:
    other = MasterKey(bytes(32))
    with pytest.raises(SecretUnreadable, match=other.key_id):
        opened(sealed_with(key=other))
    with pytest.raises(SecretUnreadable) as caught:
        opened(dataclasses.replace(sealed_with(), key_id="\x1b]52;c;x\x07"))
    assert str(caught.value).isprintable()


def test_refusals_say_the_same_and_carry_no_cause() -> None:
    sealed = sealed_with()
    told = set()
    for changed in (
        dataclasses.replace(sealed, owner_id=uuid4()),
        dataclasses.replace(sealed, version=9),
        dataclasses.replace(sealed, ciphertext=sealed.ciphertext[:-1] + b"?"),
        dataclasses.replace(sealed, wrapped_key=b""),
    ):
        with pytest.raises(SecretUnreadable) as caught:
            opened(changed)
        assert caught.value.__cause__ is None
        told.add(str(caught.value))
    assert len(told) == 1


@pytest.mark.parametrize(("version", "purpose"), [(0, PURPOSE), (-1, PURPOSE), (2**63, PURPOSE), (1, "")])
def test_nothing_is_sealed_for_a_place_that_can_not_be(version: int, purpose: str) -> None:
    with pytest.raises(ValueError, match="version"):
        seal(Secret("x"), owner_id=OWNER, secret_id=SECRET_ID, version=version, purpose=purpose, key=KEY)


def test_rewrapping_changes_the_key_and_nothing_else() -> None:
    new = MasterKey.generate()
    sealed = sealed_with("kept")
    rewrapped = rewrap(sealed, keys=KEYS, key=new)
    assert rewrapped == dataclasses.replace(sealed, key_id=new.key_id, wrapped_key=rewrapped.wrapped_key)
    keys = {new.key_id: new}
    secret = open_sealed(rewrapped, owner_id=OWNER, secret_id=SECRET_ID, purpose=PURPOSE, keys=keys)
    assert secret.reveal() == "kept"
    with pytest.raises(SecretUnreadable):
        opened(rewrapped)
    with pytest.raises(SecretUnreadable):  # the old wrapping under the new name
        opened(dataclasses.replace(rewrapped, key_id=KEY.key_id))


def test_rewrapping_refuses_what_would_not_open() -> None:
    sealed = sealed_with()
    new = MasterKey.generate()
    for changed in (
        dataclasses.replace(sealed, owner_id=uuid4()),
        dataclasses.replace(sealed, version=4),
        dataclasses.replace(sealed, version=-1),
        dataclasses.replace(sealed, wrapped_key=sealed.wrapped_key[:-1]),
    ):
        with pytest.raises(SecretUnreadable):
            rewrap(changed, keys=KEYS, key=new)


def test_a_library_without_gcm_siv_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(key: bytes) -> AESGCMSIV:
        raise UnsupportedAlgorithm("AES-GCM-SIV is not supported by this version of OpenSSL")

    sealed = sealed_with()
    monkeypatch.setattr(envelope, "AESGCMSIV", unsupported)
    for attempt in (sealed_with, lambda: opened(sealed)):
        with pytest.raises(VaultError, match="AES-GCM-SIV") as caught:
            attempt()
        assert "OpenSSL 3.2" in caught.value.remedy
