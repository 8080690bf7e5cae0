"""The key file: made once, whole, private; used only as long as it is all of that."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from platformdirs import windows
from platformdirs.macos import MacOS
from platformdirs.unix import Unix

from core.errors import MasterKeyUnsafe, VaultError
from core.vault.key_file import FileKeyStore, default_key_path

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def store(tmp_path: Path) -> FileKeyStore:
    return FileKeyStore(tmp_path / "keys" / "master.key")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def others_file(path: Path) -> Path:
    """A file that belongs to somebody else: given away by root, or root's for everybody else."""
    if os.geteuid() != 0:
        return Path("/etc/passwd")
    FileKeyStore(path).create()
    os.chown(path, 12345, 12345)
    return path


# Making it


def test_an_empty_place_has_no_key_and_stays_empty(store: FileKeyStore) -> None:
    assert store.load() is None
    assert not store.path.parent.exists()


def test_a_key_is_made_and_found_again(store: FileKeyStore) -> None:
    made = store.create()
    found = FileKeyStore(store.path).load()
    assert found is not None
    assert found.reveal() == made.reveal()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o277])
def test_file_and_folder_are_private_whatever_the_umask(store: FileKeyStore, umask: int) -> None:
    before = os.umask(umask)
    try:
        store.path.parent.parent.chmod(0o700)
        if umask & 0o200:  # a folder that one can't write to oneself is of no use
            store.path.parent.mkdir(mode=0o700)
            store.path.parent.chmod(0o700)
        store.create()
    finally:
        os.umask(before)
    assert mode(store.path) == 0o600
    assert mode(store.path.parent) == 0o700


def test_nothing_but_the_key_file_remains(store: FileKeyStore) -> None:
    store.create()
    assert [path.name for path in store.path.parent.iterdir()] == ["master.key"]


def test_the_file_tells_a_person_what_it_is(store: FileKeyStore) -> None:
    key = store.create()
    lines = store.path.read_text().splitlines()
    assert lines[0] == "Gatepost master key, format 1"
    assert f"id {key.key_id}" in lines


def test_a_file_that_is_there_is_never_replaced(store: FileKeyStore) -> None:
    made = store.create()
    before = (store.path.read_bytes(), store.path.stat().st_ino, store.path.stat().st_mtime_ns)
    assert store.create().key_id == made.key_id
    assert (store.path.read_bytes(), store.path.stat().st_ino, store.path.stat().st_mtime_ns) == before


def test_a_damaged_file_is_not_replaced_either(store: FileKeyStore) -> None:
    store.create()
    store.path.write_bytes(b"")
    with pytest.raises(MasterKeyUnsafe):
        store.create()
    assert store.path.read_bytes() == b""


def test_a_folder_that_is_a_file_is_an_error_a_person_can_act_on(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("not a folder")
    store = FileKeyStore(tmp_path / "keys" / "master.key")
    for attempt in (store.load, store.create):
        with pytest.raises(VaultError) as caught:
            attempt()
        assert str(store.path) in str(caught.value)
        assert caught.value.remedy


def test_describes_where_it_lies_and_not_the_key(store: FileKeyStore) -> None:
    key = store.create()
    assert str(store.path) in store.describe()
    assert key.reveal().hex() not in store.describe()


CREATE_MANY = """
import sys
from pathlib import Path
from core.vault.key_file import FileKeyStore
print("ready", flush=True)
sys.stdin.readline()
for n in range(40):
    print(FileKeyStore(Path(sys.argv[1]) / str(n) / "master.key").create().key_id)
"""


def test_processes_that_create_at_once_end_with_the_same_key(tmp_path: Path) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", CREATE_MANY, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(3)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60)[0].split() for process in started]
    assert [process.returncode for process in started] == [0, 0, 0]
    assert answers[0] == answers[1] == answers[2]
    assert len(set(answers[0])) == 40
    assert all([path.name for path in folder.iterdir()] == ["master.key"] for folder in tmp_path.iterdir())


CREATE_ON_A_FULL_DISK = """
import resource, sys
from pathlib import Path
from core.errors import VaultError
from core.vault.key_file import FileKeyStore
resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))
try:
    FileKeyStore(Path(sys.argv[1])).create()
except VaultError as error:
    print(error)
"""


def test_a_file_that_can_not_be_written_whole_is_not_there_at_all(store: FileKeyStore) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", CREATE_ON_A_FULL_DISK, str(store.path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert "can't be written" in ended.stdout
    assert list(store.path.parent.iterdir()) == []
    assert store.load() is None


# Using it


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o644, 0o660, 0o620, 0o602, 0o610, 0o601, 0o777])
def test_a_file_that_others_can_touch_is_refused(store: FileKeyStore, bits: int) -> None:
    store.create()
    store.path.chmod(bits)
    with pytest.raises(MasterKeyUnsafe) as caught:
        store.load()
    assert f"{bits:04o}" in str(caught.value)
    assert f"chmod 600 {store.path}" in caught.value.remedy
    store.path.chmod(0o400)
    assert store.load() is not None


def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyUnsafe, match="another user"):
        FileKeyStore(others_file(tmp_path / "master.key")).load()


def test_a_link_is_refused_wherever_it_leads(store: FileKeyStore, tmp_path: Path) -> None:
    store.create()
    for target in (store.path, tmp_path / "nowhere", tmp_path):
        link = tmp_path / "link"
        link.symlink_to(target)
        for attempt in (FileKeyStore(link).load, FileKeyStore(link).create):
            with pytest.raises(MasterKeyUnsafe, match="is a link"):
                attempt()
        link.unlink()
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_or_a_pipe_in_its_place_is_refused_without_waiting(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("folder", "pipe"):
        for attempt in (FileKeyStore(tmp_path / name).load, FileKeyStore(tmp_path / name).create):
            with pytest.raises(MasterKeyUnsafe, match="regular file"):
                attempt()


def test_a_linked_folder_above_it_is_fine(store: FileKeyStore, tmp_path: Path) -> None:
    made = store.create()
    (tmp_path / "alias").symlink_to(store.path.parent)
    found = FileKeyStore(tmp_path / "alias" / "master.key").load()
    assert found is not None
    assert found.key_id == made.key_id


def test_no_cut_file_is_taken_for_a_key(store: FileKeyStore) -> None:
    store.create()
    whole = store.path.read_bytes()
    for length in range(len(whole) - 1):  # without the last line end it is still whole
        store.path.write_bytes(whole[:length])
        with pytest.raises(MasterKeyUnsafe):
            store.load()


def test_no_changed_bit_of_id_or_key_is_taken_for_a_key(store: FileKeyStore) -> None:
    made = store.create()
    whole = store.path.read_bytes()
    start = whole.index(b"\nid ") + 1
    for bit in range(start * 8, (len(whole) - 1) * 8):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        store.path.write_bytes(flipped)
        with pytest.raises(MasterKeyUnsafe) as caught:
            store.load()
        assert made.reveal().hex()[:16] not in str(caught.value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(
        st.binary(max_size=200), st.binary().map(lambda rest: b"Gatepost master key, format 1\n" + rest)
    )
)
def test_anything_else_is_refused_and_not_shown(store: FileKeyStore, content: bytes) -> None:
    store.path.unlink(missing_ok=True)
    store.create()
    store.path.write_bytes(content)
    with pytest.raises(MasterKeyUnsafe) as caught:
        store.load()
    assert str(caught.value).isprintable()


def test_a_huge_file_is_refused_without_reading_it_all(store: FileKeyStore) -> None:
    store.create()
    with store.path.open("r+b") as file:
        file.seek(0, os.SEEK_END)
        file.truncate(1 << 33)
    with pytest.raises(MasterKeyUnsafe, match="damaged"):
        store.load()


def test_a_newer_format_is_named_as_such(store: FileKeyStore) -> None:
    store.create()
    store.path.write_text(store.path.read_text().replace("format 1", "format 2"))
    with pytest.raises(MasterKeyUnsafe) as caught:
        store.load()
    assert "format 2" in str(caught.value)
    assert "newest" in caught.value.remedy


def test_line_ends_of_another_system_do_no_harm(store: FileKeyStore) -> None:
    made = store.create()
    store.path.write_bytes(store.path.read_bytes().replace(b"\n", b"\r\n") + b"\r\n")
    found = store.load()
    assert found is not None
    assert found.key_id == made.key_id


# Where it lies


def test_the_variable_names_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEPOST_KEY_FILE", str(tmp_path / "mine"))
    assert FileKeyStore().path == tmp_path / "mine"
    assert FileKeyStore(tmp_path / "given").path == tmp_path / "given"


def test_a_home_or_relative_path_is_made_absolute() -> None:
    assert default_key_path({"GATEPOST_KEY_FILE": "~/k"}) == Path.home() / "k"
    assert default_key_path({"GATEPOST_KEY_FILE": "k"}) == Path.cwd() / "k"


def test_an_empty_variable_counts_as_unset() -> None:
    assert default_key_path({"GATEPOST_KEY_FILE": ""}) == default_key_path({})


@pytest.mark.parametrize("platform", [Unix, MacOS, windows.Windows])
def test_the_default_is_outside_the_folder_of_the_database(
    platform: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(variable, "/home/ada/one-for-all")
    for variable in ("APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, "/users/ada/appdata")
    monkeypatch.setattr(platformdirs, "PlatformDirs", platform)
    monkeypatch.setattr(windows, "get_win_folder", windows.get_win_folder_from_env_vars)
    data = Path(platformdirs.user_data_dir("gatepost"))
    key = default_key_path({})
    assert key.name == "master.key"
    assert data not in key.parents
    assert key.parent not in (data, *data.parents)
