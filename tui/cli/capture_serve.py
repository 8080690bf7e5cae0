"""`gatepost capture serve`: run the capture server until it is stopped, and tell of every mail it takes."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli import wording
from tui.cli.capture_store import open_store, summary
from tui.cli.exit_codes import ExitCode
from tui.cli.output import clean
from tui.cli.session import Session

if TYPE_CHECKING:
    from dev_server.message import CapturedMessage
    from dev_server.server import CaptureServer
    from dev_server.store import CaptureStore

# How often the store is asked for what came in (seconds).
_LOOK = 0.2
_LONGEST_LOGINS = 1024 * 1024  # bytes


def serve(
    session: Session, *, store: Path | None, auth: str, certificate: Path | None, **settings: Any
) -> None:
    """Serve until Ctrl-C, SIGTERM or the end of whoever reads stdout. Raises the errors of the server."""
    logins, is_list = _logins(auth)
    session.json_lines = True

    async def whole() -> None:
        from dev_server.server import CaptureServer

        with open_store(store, create=True) as kept:
            settings["require_auth"] = settings["require_auth"] or is_list
            async with CaptureServer(kept, logins=logins, **settings) as server:
                if certificate is not None:
                    await asyncio.to_thread(certificate.write_text, server.certificate_pem, "ascii")
                await _run(session, server, kept)

    # Where signals can't be handled in the loop, Ctrl-C arrives as this; it is the server's normal end.
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(whole())
    session.finish(ExitCode.DONE)


async def _run(session: Session, server: CaptureServer, store: CaptureStore) -> None:
    newest = store.list(limit=1)
    seen = newest[0].id if newest else 0
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, stopped.set)
    _say_listening(session, server, store)
    while not stopped.is_set() and not session.out.reader_is_gone():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), _LOOK)
        seen = await _tell(session, store, seen)
    session.out.narrate("Stopped.")


async def _tell(session: Session, store: CaptureStore, seen: int) -> int:
    """Print what came after message `seen`; the newest id."""
    while messages := await asyncio.to_thread(store.since, seen):
        for message in messages:
            if session.as_json:
                session.out.json({"event": "captured", **summary(message)}, line=True)
            else:
                session.out.data(_line(message))
        seen = messages[-1].id
    return seen


def _say_listening(session: Session, server: CaptureServer, store: CaptureStore) -> None:
    if session.as_json:
        place = {"host": server.host, "port": server.port, "tls_port": server.tls_port, "store": store.path}
        session.out.json({"event": "listening", **place}, line=True)
        return
    tls = f", TLS on {server.tls_port}" if server.tls_port is not None else ""
    session.out.narrate(f"Capturing on {server.host}:{server.port}{tls} into {clean(store.path)}.")
    session.out.narrate("Nothing is delivered. Ctrl-C stops.")


def _line(message: CapturedMessage) -> str:
    more = f" +{len(message.recipients) - 1}" if len(message.recipients) > 1 else ""
    to = clean(message.recipients[0]) + more if message.recipients else "–"
    when = wording.exact(message.received_at).removesuffix(" UTC")
    return f"{when}  #{message.id}  {clean(message.sender) or '<>'} → {to}  {clean(message.subject)}"


def _logins(auth: str) -> tuple[Any, bool]:
    """What `--auth` means: "any", "none", or the names and passwords of a file. Raises click.UsageError."""
    if auth in ("any", "none"):
        return auth, False
    path = Path(auth)
    if not path.is_file():
        raise click.UsageError(
            f"--auth is any, none or a file of name:password lines; there is no file {auth!r}."
        )
    with path.open("rb") as stream:
        content = stream.read(_LONGEST_LOGINS + 1)
    if len(content) > _LONGEST_LOGINS:
        raise click.UsageError(f"--auth: the file {auth!r} is too long for a list of logins.")
    logins: dict[str, str] = {}
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise click.UsageError(f"--auth: the file {auth!r} is not UTF-8 text.") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, password = line.partition(":")
        if not (name and colon and password):
            # Never the line itself: it may be a password.
            raise click.UsageError(f"--auth: line {number} of {auth!r} is not name:password.")
        logins[name] = password
    if not logins:
        raise click.UsageError(f"--auth: the file {auth!r} holds no login.")
    return logins, True
