"""The stage of the demo: a workspace full of sample data and a capture server, gone when it is left.

Tests and benches use it as the command does:

    async with open_stage(folder) as stage:
        workspace = stage.workspaces["ada@example.com"]
"""

from __future__ import annotations

import asyncio
import importlib
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.clock import Clock, SystemClock
from core.errors import GatepostError
from core.vault.keys import FileKeyStore, KeyStore
from dev_server.errors import CaptureError
from dev_server.server import CaptureServer
from dev_server.store import CaptureStore
from sample_data import SampleData, load

if TYPE_CHECKING:
    from core.workspace import Workspace
    from sample_data.planting import Planted, Servers

LOOPBACK: Final = "127.0.0.1"
# A demo that is cut short has nothing to finish: its own agents were the only senders (seconds).
GRACE: Final = 1.0


class StageFailed(GatepostError):
    """The demo can't be set up on this machine."""

    code = "demo"
    default_remedy = "Check that this account may listen on 127.0.0.1 and write to the temporary folder."


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Where the parts of a demo lie. The key is apart from the database, as it should be."""

    folder: Path

    @property
    def workspace(self) -> Path:
        return self.folder / "data" / "workspace.sqlite3"

    @property
    def key(self) -> Path:
        return self.folder / "key" / "master.key"

    @property
    def capture(self) -> Path:
        return self.folder / "capture" / "capture.sqlite3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the agents of the demo find when they come on."""

    paths: Paths
    data: SampleData
    workspaces: Mapping[str, Workspace]  # one for each user, by address
    planted: Planted
    capture: CaptureStore
    server: CaptureServer
    history: int  # how many operations of the past the log holds
    clock: Clock

    async def connect(self, user: str) -> Workspace:
        """A further workspace on the same database, the caller's to close. Raises UnknownUser."""
        return await _enter(self.paths, user, self.clock, create=False)

    def open_capture(self) -> CaptureStore:
        """A further store on the same file, the caller's to close."""
        return CaptureStore.open(self.paths.capture, create=False)


@asynccontextmanager
async def open_stage(
    folder: Path,
    *,
    data: SampleData | None = None,
    history: bool = True,
    seed: int = 0,
    clock: Clock | None = None,
) -> AsyncIterator[Stage]:
    """Set everything up inside `folder` (which must be empty) and take it down again; the files stay.

    `history=False` leaves the log empty: quicker, for tests that don't look at the past. The event loop stays
    free meanwhile. Raises GatepostError: StageFailed, SampleDataError, or what opening a workspace can raise.
    """
    paths, clock = Paths(folder=folder), clock or SystemClock()
    # The database library is a second's work to import: not on the loop that draws the screen.
    await asyncio.to_thread(importlib.import_module, "sample_data.past")
    sample = await asyncio.to_thread(load) if data is None else data
    async with AsyncExitStack() as exits:
        with _capture_faults():
            store = exits.enter_context(await asyncio.to_thread(_open_store, paths))
            server = CaptureServer(store, LOOPBACK)
            await server.start()
            exits.push_async_callback(server.stop, GRACE)
            closed_port = exits.enter_context(_take_closed_port()).getsockname()[1]
        workspaces = await _open_workspaces(paths, sample, clock, exits)
        planted, rows = await _fill(
            paths, sample, workspaces, _servers(server, closed_port), history, seed, clock
        )
        yield Stage(
            paths=paths,
            data=sample,
            workspaces=workspaces,
            planted=planted,
            capture=store,
            server=server,
            history=rows,
            clock=clock,
        )


async def _open_workspaces(
    paths: Paths, data: SampleData, clock: Clock, exits: AsyncExitStack
) -> Mapping[str, Workspace]:
    from sample_data.planting import register_users

    workspaces = {}
    for number, user in enumerate(data.users):
        if number == 1:
            await register_users(data, str(paths.workspace))
        workspace = await _enter(paths, user.email, clock, create=number == 0)
        workspaces[user.email] = await exits.enter_async_context(workspace)
    return workspaces


async def _enter(paths: Paths, user: str, clock: Clock, *, create: bool) -> Workspace:
    from core.workspace import Workspace

    keys: KeyStore = FileKeyStore(paths.key)
    return await Workspace.open(str(paths.workspace), user=user, create=create, key_store=keys, clock=clock)


async def _fill(
    paths: Paths,
    data: SampleData,
    workspaces: Mapping[str, Workspace],
    servers: Servers,
    history: bool,  # noqa: FBT001
    seed: int,
    clock: Clock,
) -> tuple[Planted, int]:
    from sample_data.history import past_operations
    from sample_data.past import write_past
    from sample_data.planting import plant, test_connections

    now = clock.now()
    planted = await plant(data, workspaces, servers, now)
    if not history:
        return planted, 0
    operations = await asyncio.to_thread(lambda: list(past_operations(data, now, seed=seed)))
    await write_past(str(paths.workspace), data, planted, operations, now)
    await test_connections(data, planted)
    return planted, len(operations)


def _servers(server: CaptureServer, closed_port: int) -> Servers:
    from sample_data.planting import Servers

    return Servers(
        capture_host=server.host,
        capture_port=server.port,
        capture_certificate=server.certificate_pem,
        closed_host=LOOPBACK,
        closed_port=closed_port,
    )


def _open_store(paths: Paths) -> CaptureStore:
    paths.capture.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Nobody keeps the demo's mail over a power cut.
    return CaptureStore.open(paths.capture, durability="normal")


def _take_closed_port() -> socket.socket:
    """A port that stays closed: taken, so that nobody else opens it, and not listened on."""
    taken = socket.socket()
    try:
        taken.bind((LOOPBACK, 0))
    except OSError:
        taken.close()
        raise
    return taken


@contextmanager
def _capture_faults() -> Iterator[None]:
    """The capture server knows nothing of core's errors; here its own become one of them."""
    try:
        yield
    except CaptureError as error:
        raise StageFailed(str(error), remedy=error.remedy or None) from error
    except OSError as error:
        raise StageFailed(f"{error.filename or 'the demo'}: {error.strerror}") from error
