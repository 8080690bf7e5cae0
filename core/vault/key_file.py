"""The master key in a file that only its owner can read, apart from the database."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import platformdirs

from core.errors import MasterKeyUnsafe, VaultError
from core.vault.master_key import MASTER_KEY_BYTES, MasterKey

KEY_FILE_VARIABLE: Final = "GATEPOST_KEY_FILE"

_HEADER: Final = "Gatepost master key, format "
_TEXT: Final = (
    _HEADER + "1\n"
    "# Keep this file private, and a copy of it apart from the database:\n"
    "# without it no stored password opens.\n"
    "id {id}\n"
    "key {key}\n"
)
_FORM: Final = re.compile(
    re.escape(_HEADER)
    + rf"1\r?\n(?:#[^\n]*\n)*id ([0-9a-f]{{16}})\r?\nkey ([0-9a-f]{{{MASTER_KEY_BYTES * 2}}})\s*"
)
_MOST_BYTES: Final = 4096

_NO_LINK: Final[int] = getattr(os, "O_NOFOLLOW", 0)  # Windows lacks these flags, all but O_BINARY
_NO_WAIT: Final[int] = getattr(os, "O_NONBLOCK", 0)  # a named pipe must not hold us up
_BINARY: Final[int] = getattr(os, "O_BINARY", 0)
_FOLDER: Final[int] = getattr(os, "O_DIRECTORY", 0)

_FROM_BACKUP: Final = f"Put the key file back from your backup, or name another with {KEY_FILE_VARIABLE}."


def default_key_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the key lies unless told otherwise: GATEPOST_KEY_FILE, else in this user's configuration folder.

    The folder is `gatepost-keys`, beside `gatepost` and not inside it: on macOS and Windows configuration and
    data share one folder, and who copies the database must not copy the key with it.
    """
    if named := environment.get(KEY_FILE_VARIABLE):
        return Path(named).expanduser().absolute()
    return Path(platformdirs.user_config_dir("gatepost-keys", appauthor=False)) / "master.key"


class FileKeyStore:
    """Keeps the key in a text file of mode 0600, made once and never replaced.

    The file says what it is in its first line; the key's id, derived from the key, tells damage. It is used
    only if it is a regular file of this user which nobody else can read; on Windows the folder's access
    rights decide.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = default_key_path() if path is None else path

    def describe(self) -> str:
        return f"key file {self.path}"

    def load(self) -> MasterKey | None:
        """The key, or None if there is no such file.

        Raises MasterKeyUnsafe if what lies there is a link, no regular file, another user's, readable or
        writable by others, or not a whole key; VaultError if it can't be read at all.
        """
        if self.path.is_symlink():
            raise self._is_link()
        try:
            descriptor = os.open(self.path, os.O_RDONLY | _NO_LINK | _NO_WAIT | _BINARY)
        except FileNotFoundError:
            return None
        except OSError as error:
            if self.path.is_symlink():  # it became one in between
                raise self._is_link() from None
            raise self._failed("can't be read", error) from error
        try:  # what was opened is what is checked and read, whatever the path leads to by now
            self._check_safe(os.fstat(descriptor))
            content = os.read(descriptor, _MOST_BYTES + 1)
        except OSError as error:
            raise self._failed("can't be read", error) from error
        finally:
            os.close(descriptor)
        return self._parse(content)

    def create(self) -> MasterKey:
        """Make the key and its file, unless there is one: then that one is the answer.

        The file appears whole or not at all: it is written and synced under another name and then linked to
        its own, which fails if the name is taken. So any number of creators at once end with the same key.
        Raises VaultError if it can't be written, and what `load` raises.
        """
        if (present := self.load()) is not None:
            return present
        draft = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}.new")
        try:
            self._make_folder()
            self._write(draft, MasterKey.generate())
            with contextlib.suppress(FileExistsError):  # another creator was faster
                os.link(draft, self.path)
            draft.unlink()
            _sync_folder(self.path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise self._failed("can't be written", error) from error
        # Back from the disk: a file that can't be read is better found now than when a secret depends on it.
        key = self.load()
        if key is None:
            raise VaultError(f"The {self.describe()} disappeared while it was made.", remedy="Try again.")
        return key

    def _make_folder(self) -> None:
        folder = self.path.parent
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync_folder(folder.parent)

    def _write(self, path: Path, key: MasterKey) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | _BINARY, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - Path.open knows neither flags nor mode
            if sys.platform != "win32":
                os.fchmod(descriptor, 0o600)  # whatever the umask took away
            file.write(_TEXT.format(id=key.key_id, key=key.reveal().hex()).encode())
            file.flush()
            os.fsync(descriptor)

    def _check_safe(self, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise self._unsafe("is not a regular file", f"Name the file itself with {KEY_FILE_VARIABLE}.")
        if sys.platform == "win32":
            return
        if status.st_uid != os.geteuid():
            raise self._unsafe(
                "belongs to another user", "Run as the user who owns it, or give the file to this one."
            )
        if status.st_mode & 0o077:
            raise self._unsafe(
                f"can be read or changed by others (mode {stat.S_IMODE(status.st_mode):04o})",
                f"chmod 600 {self.path}",
            )

    def _parse(self, content: bytes) -> MasterKey:
        text = content.decode("ascii", "replace")
        if not text.startswith(_HEADER):
            raise self._unsafe("is not a Gatepost master key", _FROM_BACKUP)
        version = text.removeprefix(_HEADER).partition("\n")[0].strip()
        if version.isdecimal() and version != "1":
            raise self._unsafe(f"has format {version[:8]}, unknown here", "Install the newest gatepost.")
        found = _FORM.fullmatch(text) if len(content) <= _MOST_BYTES else None
        if found is None:
            raise self._unsafe("is damaged: it does not hold a whole key", _FROM_BACKUP)
        key = MasterKey(bytes.fromhex(found[2]))
        if key.key_id != found[1]:
            raise self._unsafe("is damaged: key and id don't belong together", _FROM_BACKUP)
        return key

    def _is_link(self) -> MasterKeyUnsafe:
        return self._unsafe("is a link", f"Name the file that it leads to with {KEY_FILE_VARIABLE}.")

    def _unsafe(self, what: str, remedy: str) -> MasterKeyUnsafe:
        return MasterKeyUnsafe(f"The {self.describe()} {what}. It was not used.", remedy=remedy)

    def _failed(self, what: str, error: OSError) -> VaultError:
        return VaultError(
            f"The {self.describe()} {what}: {error.strerror or error}.",
            remedy=f"Give this account access to its folder, or name another file with {KEY_FILE_VARIABLE}.",
        )


def _sync_folder(folder: Path) -> None:
    """Make a new name in the folder last through a power cut. Windows has no such call."""
    if sys.platform == "win32":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY | _FOLDER)
    except PermissionError:
        return  # a folder that may be written but not listed; nothing more can be done
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that syncs no folders
            raise
    finally:
        os.close(descriptor)
