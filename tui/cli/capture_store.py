"""Where the capture store lies unless told otherwise, and how the commands open it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tui.cli.encode import iso

if TYPE_CHECKING:
    from dev_server.message import CapturedMessage
    from dev_server.store import CaptureStore

F = TypeVar("F", bound=Callable[..., Any])

STORE_VARIABLE = "GATEPOST_CAPTURES"


def default_store_path() -> Path:
    """The user's own capture store, in the platform's data folder."""
    import platformdirs

    return platformdirs.user_data_path("gatepost") / "captures.db"


def store_option(function: F) -> F:
    """--store: the file that captured mail is kept in."""
    return click.option(
        "--store",
        metavar="FILE",
        envvar=STORE_VARIABLE,
        show_envvar=True,
        type=click.Path(dir_okay=False, path_type=Path),
        help="The file that captured mail is kept in.  [default: captures.db in your data folder]",
    )(function)


def open_store(path: Path | None, *, create: bool = False, read_only: bool = False) -> CaptureStore:
    """The store at `path`, or the user's own. Raises the errors of `CaptureStore.open`."""
    from dev_server.store import CaptureStore

    place = path or default_store_path()
    if create and path is None:
        place.parent.mkdir(parents=True, exist_ok=True)
    return CaptureStore.open(place, create=create, read_only=read_only)


def summary(message: CapturedMessage) -> dict[str, Any]:
    """One captured message as JSON, without its body: the same in lists, exports and while serving."""
    from dev_server import export

    return {**export.summary(message), "received_at": iso(message.received_at)}
