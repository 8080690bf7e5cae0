from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dev_server import (
    CaptureStore,
    MessageMissing,
    StoreClosed,
    StoreError,
    StoreForeign,
    StoreFull,
    StoreLocked,
    StoreMissing,
    StoreNewer,
    StoreReadOnly,
)

MAIL = (
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nFrom: Eve <eve@a.test>\r\nMessage-ID: <1@a.test>\r\n\r\nhi\r\n"
)


def fill(store: CaptureStore, count: int) -> None:
    for number in range(count):
        store.add(b"Subject: mail %d\r\n\r\n" % number, sender="a@b.test", recipients=[f"r{number}@d.test"])


def test_a_stored_message_comes_back_with_its_envelope_session_and_headers(store: CaptureStore) -> None:
    received_at = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    number = store.add(
        MAIL,
        sender="bounce@a.test",
        recipients=("to@b.test", "bcc@b.test"),
        received_at=received_at,
        peer="127.0.0.1:1",
        tls="TLSv1.3",
        auth_user="robot",
        helo="client.test",
    )
    message = store.get(number)
    assert message.received_at == received_at and message.received_at.tzinfo is UTC
    assert (message.sender, message.recipients) == ("bounce@a.test", ("to@b.test", "bcc@b.test"))
    assert (message.subject, message.from_header, message.message_id) == (
        "Grüße",
        "Eve <eve@a.test>",
        "<1@a.test>",
    )
    assert (message.size_bytes, message.has_attachments) == (len(MAIL), False)
    assert (message.peer, message.tls, message.auth_user, message.helo) == (
        "127.0.0.1:1",
        "TLSv1.3",
        "robot",
        "client.test",
    )
    assert store.raw(number) == MAIL


def test_lists_are_pages_newest_first_and_following_is_oldest_first(store: CaptureStore) -> None:
    fill(store, 5)
    assert [message.id for message in store.list(limit=2)] == [5, 4]
    assert [message.id for message in store.list(limit=2, before=4)] == [3, 2]
    assert [message.id for message in store.since(0, 2)] == [1, 2]
    assert [message.id for message in store.since(3)] == [4, 5]
    assert store.since(5) == []
    assert store.count() == 5


def test_text_is_found_in_subject_and_addresses_whatever_its_case(store: CaptureStore) -> None:
    store.add(MAIL, sender="Bounce@a.test", recipients=["to@b.test"])
    store.add(b"Subject: other\r\n\r\n", sender="", recipients=["x@y.test"])
    for text in ("GRÜSSE", "eve <", "BOUNCE@", "to@B"):
        assert [message.id for message in store.list(text=text)] == [1]
    assert store.list(text="%") == []
    assert len(store.list(text="test")) == 2


def test_a_deleted_number_is_gone_and_never_used_again(store: CaptureStore) -> None:
    fill(store, 3)
    store.delete(3)
    with pytest.raises(MessageMissing):
        store.get(3)
    with pytest.raises(MessageMissing):
        store.raw(3)
    with pytest.raises(MessageMissing) as caught:
        store.delete(3)
    assert caught.value.exit_code == 2 and caught.value.remedy
    assert store.clear() == 2
    assert (store.count(), store.clear()) == (0, 0)
    fill(store, 1)
    assert [message.id for message in store.list()] == [4]


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=2000), st.text(max_size=50), st.lists(st.text(max_size=30), max_size=5))
def test_any_bytes_and_any_envelope_are_kept(
    store: CaptureStore, raw: bytes, sender: str, recipients: list[str]
) -> None:
    number = store.add(raw, sender=sender, recipients=recipients)
    assert store.raw(number) == raw
    assert store.get(number).sender == sender
    assert store.get(number).recipients == tuple(recipients)


def test_another_process_reads_what_is_committed_while_this_one_writes(file_store: CaptureStore) -> None:
    fill(file_store, 2)
    read = (
        "import sys; from dev_server import CaptureStore\n"
        "with CaptureStore.open(sys.argv[1], create=False) as store: print(store.count(), store.get(2).subject)"
    )
    with sqlite3.connect(file_store.path) as writing:
        writing.execute("BEGIN IMMEDIATE")
        output = subprocess.run(
            [sys.executable, "-c", read, file_store.path], capture_output=True, text=True, check=True
        )
        writing.execute("ROLLBACK")
    writing.close()
    assert output.stdout.split() == ["2", "mail", "1"]


def test_threads_write_and_read_at_once_and_nothing_is_lost(file_store: CaptureStore) -> None:
    def work() -> None:
        for _ in range(20):
            file_store.add(MAIL, sender="", recipients=["x@y.test"])
            file_store.list(limit=5)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert file_store.count() == 120


def test_a_reopened_store_has_everything(tmp_path: Path) -> None:
    file = tmp_path / "ünd mit Leerzeichen?#.db"
    with CaptureStore.open(file, durability="normal") as store:
        fill(store, 3)
    with CaptureStore.open(file, create=False) as store:
        assert store.count() == 3
        assert store.raw(1) == b"Subject: mail 0\r\n\r\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == [file.name]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_a_new_store_is_for_its_owner_only(file_store: CaptureStore) -> None:
    fill(file_store, 1)
    files = list(Path(file_store.path).parent.glob("capture.db*"))
    assert len(files) == 3
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


# What can be wrong with the file


def test_a_missing_file_or_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match=r"nowhere\.db"):
        CaptureStore.open(tmp_path / "nowhere.db", create=False)
    with pytest.raises(StoreMissing):
        CaptureStore.open(tmp_path / "nowhere.db", read_only=True)
    with pytest.raises(StoreMissing, match="no folder"):
        CaptureStore.open(tmp_path / "no" / "folder.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content", [b"this is a text file, not a database" * 40, b"SQLite format 3\x00" + b"\xff" * 5000]
)
def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(content)
    with pytest.raises(StoreForeign) as caught:
        CaptureStore.open(file)
    assert caught.value.remedy
    assert file.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_folder_and_another_programs_database_are_left_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(StoreForeign, match="folder"):
        CaptureStore.open(tmp_path)
    file = tmp_path / "other.db"
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE t (x)")
    other.commit()
    other.close()
    before = file.read_bytes()
    with pytest.raises(StoreForeign, match="another program"):
        CaptureStore.open(file)
    assert file.read_bytes() == before


def test_a_newer_store_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "capture.db"
    CaptureStore.open(file).close()
    newer = sqlite3.connect(file)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    before = file.read_bytes()
    with pytest.raises(StoreNewer, match="99"):
        CaptureStore.open(file)
    assert file.read_bytes() == before


def test_a_lock_that_is_not_let_go_is_named_and_a_short_one_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "capture.db"
    other = None
    with CaptureStore.open(file, busy_timeout=0.05) as store:
        other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreLocked) as caught:
            fill(store, 1)
        assert caught.value.code == "store_locked"
        assert store.count() == 0
        with CaptureStore.open(file, busy_timeout=30) as patient:
            release = threading.Timer(0.1, other.execute, ("ROLLBACK",))
            release.start()
            fill(patient, 1)
            release.join()
        assert store.count() == 1
        other.close()


def test_a_read_only_store_reads_and_says_why_it_does_not_write(tmp_path: Path) -> None:
    file = tmp_path / "capture.db"
    with CaptureStore.open(file) as store:
        fill(store, 1)
    with CaptureStore.open(file, read_only=True) as store:
        assert store.count() == 1
        with pytest.raises(StoreReadOnly):
            store.clear()
    file.with_name("empty.db").touch()
    with pytest.raises(StoreForeign, match="empty"):
        CaptureStore.open(file.with_name("empty.db"), read_only=True)


def test_a_full_store_refuses_a_message_whole_and_goes_on_after_clearing(tmp_path: Path) -> None:
    with CaptureStore.open(tmp_path / "capture.db", max_bytes=100_000) as store:
        fill(store, 1)
        with pytest.raises(StoreFull) as caught:
            store.add(b"x" * 200_000, sender="", recipients=[])
        assert caught.value.remedy
        assert store.count() == 1
        fill(store, 1)
        store.clear()
        store.add(b"x" * 40_000, sender="", recipients=[])
        assert store.count() == 1


def test_clearing_gives_the_space_back(file_store: CaptureStore) -> None:
    file_store.add(b"x" * 3_000_000, sender="", recipients=[])
    file_store.clear()
    fill(file_store, 1)
    assert sum(path.stat().st_size for path in Path(file_store.path).parent.glob("capture.db*")) < 200_000
    assert file_store.list()[0].id == 2


def test_a_closed_store_says_so(store: CaptureStore, tmp_path: Path) -> None:
    file_store = CaptureStore.open(tmp_path / "capture.db")
    for each in (store, file_store):
        each.close()
        each.close()
        with pytest.raises(StoreClosed):
            each.count()
        with pytest.raises(StoreClosed):
            each.clear()


def test_every_error_is_one_of_the_tree_with_a_code_of_its_own() -> None:
    kinds = (
        StoreMissing,
        StoreForeign,
        StoreNewer,
        StoreLocked,
        StoreReadOnly,
        StoreFull,
        StoreClosed,
        StoreError,
    )
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert all(issubclass(kind, StoreError) and kind.default_remedy for kind in kinds)
