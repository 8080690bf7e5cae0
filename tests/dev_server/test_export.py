from __future__ import annotations

import json
import mailbox
from contextlib import closing
from pathlib import Path

import pytest

from dev_server import (
    CaptureStore,
    MessageMissing,
    TargetExists,
    TargetUnwritable,
    export_eml,
    export_folder,
    export_json,
    export_mbox,
)

FIRST = b"Subject: one\r\n\r\nFrom here\r\n>From there\r\n\x00\xff\r\n"
SECOND = b"Subject: =?utf-8?q?zw=C3=B6lf?=\r\n\r\nno line end"


@pytest.fixture
def full(store: CaptureStore) -> CaptureStore:
    store.add(FIRST, sender="a@b.test", recipients=["c@d.test", "bcc@d.test"])
    store.add(SECOND, sender="", recipients=["c@d.test"])
    return store


def test_one_message_is_exported_byte_for_byte_and_over_nothing(full: CaptureStore, tmp_path: Path) -> None:
    file = export_eml(full, 1, tmp_path / "one.eml")
    assert file.read_bytes() == FIRST
    with pytest.raises(TargetExists):
        export_eml(full, 2, file)
    assert file.read_bytes() == FIRST
    with pytest.raises(MessageMissing):
        export_eml(full, 9, tmp_path / "nine.eml")
    with pytest.raises(TargetUnwritable):
        export_eml(full, 1, tmp_path / "no" / "folder.eml")


def test_all_messages_are_exported_as_a_folder(full: CaptureStore, tmp_path: Path) -> None:
    assert export_folder(full, tmp_path / "out") == 2
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == {
        "00000001.eml": FIRST,
        "00000002.eml": SECOND,
    }
    with pytest.raises(TargetExists):
        export_folder(full, tmp_path / "out")


def test_an_mbox_is_read_back_by_the_standard_library(full: CaptureStore, tmp_path: Path) -> None:
    assert export_mbox(full, tmp_path / "all.mbox") == 2
    box = mailbox.mbox(tmp_path / "all.mbox", create=False)
    with closing(box):
        assert [message.get_from().split()[0] for message in box] == ["a@b.test", "MAILER-DAEMON"]
        assert [message["Subject"] for message in box] == ["one", "=?utf-8?q?zw=C3=B6lf?="]
        assert b">From here\n>>From there\n\x00\xff\n" in box.get_bytes(box.keys()[0])
    with pytest.raises(TargetExists):
        export_mbox(full, tmp_path / "all.mbox")


def test_the_summary_is_json_in_the_order_of_arrival(full: CaptureStore, tmp_path: Path) -> None:
    assert export_json(full, tmp_path / "all.json") == 2
    first, second = json.loads((tmp_path / "all.json").read_text("utf-8"))
    assert first["recipients"] == ["c@d.test", "bcc@d.test"]
    assert (second["id"], second["subject"], second["sender"]) == (2, "zwölf", "")
    assert first["received_at"].endswith("Z")


def test_an_empty_store_exports_empty_files(store: CaptureStore, tmp_path: Path) -> None:
    assert (export_mbox(store, tmp_path / "m"), export_folder(store, tmp_path / "f")) == (0, 0)
    assert export_json(store, tmp_path / "j") == 0
    assert json.loads((tmp_path / "j").read_bytes()) == []
