"""`python -m dev_server`: serves until SIGTERM or SIGINT. The first line on stdout says, as JSON, where."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence

from dev_server.errors import CaptureError
from dev_server.server import CaptureServer
from dev_server.settings import MEBIBYTE
from dev_server.store import CaptureStore


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the server with these arguments, and returns the exit code: 0 stopped, 1 failed, 2 refused as asked."""
    options = _parser().parse_args(arguments)
    try:
        with CaptureStore.open(
            options.store, durability=options.durability, max_bytes=options.max_bytes
        ) as store:
            asyncio.run(_serve(store, options))
    except CaptureError as error:
        print(f"{error} {error.remedy}".strip(), file=sys.stderr)  # noqa: T201 - narration of a program
        return error.exit_code
    return 0


async def _serve(store: CaptureStore, options: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    _on_signals(stopped)
    server = CaptureServer(
        store,
        options.host,
        options.port,
        tls_port=options.tls_port,
        allow_remote=options.allow_remote,
        require_tls=options.require_tls,
        require_auth=options.require_auth,
        logins="none" if options.no_auth else "any",
        max_message_bytes=options.max_message_bytes,
    )
    async with server:
        line = {
            "host": server.host,
            "port": server.port,
            "tls_port": server.tls_port,
            "store": store.path,
            "pid": os.getpid(),
            "certificate_pem": server.certificate_pem,
        }
        print(json.dumps(line), flush=True)  # noqa: T201 - the data of this program
        await stopped.wait()


def _on_signals(stopped: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stopped.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopped.set))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dev_server", description="Captures mail instead of delivering it."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes any free one")
    parser.add_argument("--tls-port", type=int, help="second port, with implicit TLS; 0 takes any free one")
    parser.add_argument("--allow-remote", action="store_true", help="listen where other machines can connect")
    parser.add_argument("--store", default=":memory:", help="file to keep the mail in (default: memory)")
    parser.add_argument(
        "--durability", choices=("full", "normal"), default="full", help="power cut, or crash only"
    )
    parser.add_argument("--max-bytes", type=int, help="size that the store's file may reach")
    parser.add_argument("--max-message-bytes", type=int, default=32 * MEBIBYTE, help="size of one message")
    parser.add_argument("--require-tls", action="store_true", help="refuse mail without TLS")
    parser.add_argument(
        "--require-auth", action="store_true", help="refuse mail without AUTH (any login will do)"
    )
    parser.add_argument("--no-auth", action="store_true", help="do not offer AUTH")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
