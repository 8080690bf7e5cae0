"""The right key is told from a wrong, missing or damaged one before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import MasterKeyMissing, MasterKeyUnsafe, MasterKeyWrong
from core.vault.keys import (
    FileKeyStore,
    MasterKey,
    MemoryKeyStore,
    make_key_check,
    resolve_master_key,
    verify_key_check,
)

KEY = MasterKey(bytes(range(32)))
OTHER = MasterKey(bytes(range(1, 33)))
CHECK = make_key_check(KEY)


class CountingStore(MemoryKeyStore):
    """Tells how often a key was asked to be made."""

    created = 0

    def create(self) -> MasterKey:
        self.created += 1
        return super().create()


def test_the_check_has_a_fixed_form() -> None:
    """Workspaces in the world hold it; it must never change."""
    assert CHECK.hex() == "011dd525dbaac0077550a39cacfb8da0cddc6e9d0bb131ec9dad0ac722878e2ce8"


def test_the_check_gives_neither_key_nor_subkeys_away() -> None:
    for hidden in (KEY.reveal(), KEY.subkey("wrap data keys"), KEY.subkey("key check")):
        assert hidden not in CHECK


def test_a_key_passes_its_own_check() -> None:
    verify_key_check(KEY, CHECK)


@given(value=st.binary(min_size=32, max_size=32).filter(lambda value: value != KEY.reveal()))
def test_no_other_key_passes(value: bytes) -> None:
    with pytest.raises(MasterKeyWrong):
        verify_key_check(MasterKey(value), CHECK)


def test_no_damaged_check_passes() -> None:
    damaged = [CHECK[:length] for length in range(len(CHECK))]
    damaged += [CHECK + b"\x00"]
    for bit in range(len(CHECK) * 8):
        flipped = bytearray(CHECK)
        flipped[bit // 8] ^= 1 << bit % 8
        damaged.append(bytes(flipped))
    for check in damaged:
        with pytest.raises(MasterKeyWrong):
            verify_key_check(KEY, check)


@pytest.mark.parametrize("secrets_exist", [False, True])
@pytest.mark.parametrize(("check", "key_id"), [(CHECK, KEY.key_id), (CHECK, None), (None, KEY.key_id)])
def test_the_right_key_is_taken(*, check: bytes | None, key_id: str | None, secrets_exist: bool) -> None:
    store = CountingStore(KEY)
    assert resolve_master_key(store, check=check, key_id=key_id, secrets_exist=secrets_exist) is KEY
    assert store.created == 0


@pytest.mark.parametrize("secrets_exist", [False, True])
@pytest.mark.parametrize(
    ("check", "key_id"), [(CHECK, KEY.key_id), (CHECK, None), (None, KEY.key_id), (CHECK, OTHER.key_id)]
)
def test_a_wrong_key_is_refused(*, check: bytes | None, key_id: str | None, secrets_exist: bool) -> None:
    store = CountingStore(OTHER)
    with pytest.raises(MasterKeyWrong) as caught:
        resolve_master_key(store, check=check, key_id=key_id, secrets_exist=secrets_exist)
    assert OTHER.key_id in str(caught.value)
    assert (store.load(), store.created) == (OTHER, 0)


@pytest.mark.parametrize(
    ("check", "key_id", "secrets_exist"),
    [(None, None, True), (CHECK, None, False), (None, KEY.key_id, False), (CHECK, KEY.key_id, True)],
)
def test_a_missing_key_is_never_replaced_by_a_new_one(
    *, check: bytes | None, key_id: str | None, secrets_exist: bool
) -> None:
    store = CountingStore()
    with pytest.raises(MasterKeyMissing) as caught:
        resolve_master_key(store, check=check, key_id=key_id, secrets_exist=secrets_exist)
    assert key_id is None or key_id in str(caught.value)
    assert (store.load(), store.created) == (None, 0)


def test_a_first_key_is_made_where_nothing_asks_for_an_old_one() -> None:
    store = CountingStore()
    key = resolve_master_key(store, check=None, key_id=None, secrets_exist=False)
    assert store.load() is key


def test_a_key_that_is_there_serves_a_new_workspace_too() -> None:
    store = CountingStore(KEY)
    assert resolve_master_key(store, check=None, key_id=None, secrets_exist=False) is KEY
    assert store.created == 0


def test_secrets_that_no_longer_name_their_key_are_not_guessed_at() -> None:
    with pytest.raises(MasterKeyWrong):
        resolve_master_key(MemoryKeyStore(KEY), check=None, key_id=None, secrets_exist=True)


def test_a_key_id_from_a_foreign_row_is_not_shown() -> None:
    hostile = "\x1b]52;c;aGk=\x07[@click=app.quit]"
    for store in (MemoryKeyStore(), MemoryKeyStore(KEY)):
        with pytest.raises((MasterKeyWrong, MasterKeyMissing)) as caught:
            resolve_master_key(store, check=None, key_id=hostile, secrets_exist=True)
        assert "\x1b" not in str(caught.value)
        assert "click" not in str(caught.value)


def test_with_files_a_wrong_missing_or_unsafe_key_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    wrong, missing, unsafe = (FileKeyStore(tmp_path / name) for name in ("wrong", "missing", "unsafe"))
    wrong.create()
    unsafe.create()
    unsafe.path.chmod(0o644)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for store, error in ((wrong, MasterKeyWrong), (missing, MasterKeyMissing), (unsafe, MasterKeyUnsafe)):
        with pytest.raises(error):
            resolve_master_key(store, check=CHECK, key_id=KEY.key_id, secrets_exist=True)
    with pytest.raises(MasterKeyUnsafe):
        resolve_master_key(unsafe, check=None, key_id=None, secrets_exist=False)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
