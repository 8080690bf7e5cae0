"""The master key hides its bytes and is named by an id that gives nothing away."""

from __future__ import annotations

import copy
import pickle

import pytest

from core.vault.keys import MasterKey, MemoryKeyStore

VALUE = bytes(range(32))


def test_the_id_depends_on_nothing_but_the_key() -> None:
    assert MasterKey(VALUE).key_id == "c81c6dd28e1a08a8"
    assert MasterKey(bytes(32)).key_id != MasterKey(VALUE).key_id


def test_generated_keys_differ() -> None:
    assert len({MasterKey.generate().key_id for _ in range(100)}) == 100


def test_each_use_has_its_own_key() -> None:
    key = MasterKey(VALUE)
    uses = {key.subkey("key id"), key.subkey("key check"), key.subkey("wrap data keys"), key.reveal()}
    assert len(uses) == 4
    assert {len(use) for use in uses} == {32}


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        MasterKey(bytes(length))


def test_shows_its_id_and_not_its_bytes() -> None:
    key = MasterKey(VALUE)
    for shown in (repr(key), str(key), f"{key}"):
        assert shown == f"MasterKey({key.key_id})"
    with pytest.raises(TypeError):
        vars(key)


def test_is_neither_pickled_nor_doubled() -> None:
    key = MasterKey(VALUE)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(key, protocol)
    with pytest.raises(TypeError):
        key.__getstate__()
    assert copy.copy(key) is key
    assert copy.deepcopy([key])[0] is key


def test_a_memory_store_makes_one_key_and_keeps_it() -> None:
    store = MemoryKeyStore()
    assert store.load() is None
    made = store.create()
    assert store.load() is made
    assert store.create() is made
    assert made.reveal().hex() not in store.describe()


def test_a_memory_store_can_be_given_a_key() -> None:
    key = MasterKey(VALUE)
    assert MemoryKeyStore(key).load() is key
    assert MemoryKeyStore(key).create() is key
