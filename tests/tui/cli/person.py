"""A person at the command line, and a capture server for their mail to end in."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from dev_server.server import CaptureServer
from dev_server.store import CaptureStore
from tui.cli.root import cli

PASSWORD = "correct horse/battery+staple"
ROOT = Path(__file__).parents[3]


class Gatepost:
    """Runs `gatepost` on one temporary workspace, in this process or in one of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "work" / "workspace.sqlite3"
        self.database.parent.mkdir()
        self.environment = {
            "GATEPOST_DATABASE": str(self.database),
            "GATEPOST_KEY_FILE": str(folder / "keys" / "master.key"),
        }

    def __call__(self, *arguments: object, stdin: str | bytes | None = None, **environment: str) -> Result:
        """One command; whatever it ends with."""
        runner = CliRunner(env={**self.environment, **environment})
        result = runner.invoke(
            cli, [str(argument) for argument in arguments], input=stdin, prog_name="gatepost"
        )
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output, result.output
        return result

    def ok(self, *arguments: object, stdin: str | bytes | None = None, **environment: str) -> str:
        """What a command that must succeed wrote to stdout."""
        result = self(*arguments, stdin=stdin, **environment)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *arguments: object, code: int = 0, stdin: str | None = None, **environment: str) -> Any:
        """The JSON of a command that must end with `code`."""
        result = self(*arguments, "--json", stdin=stdin, **environment)
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    def start(self, *arguments: object, **options: Any) -> subprocess.Popen[bytes]:
        """A process of its own, stdout and stderr piped."""
        environment: Mapping[str, str] = {**os.environ, **self.environment, **options.pop("env", {})}
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        command = [sys.executable, "-m", "tui", *map(str, arguments)]
        return subprocess.Popen(command, cwd=ROOT, env=environment, **options)


class Captured:
    """A capture server in a thread of its own."""

    def __init__(self, **settings: Any) -> None:
        self.store = CaptureStore.open(":memory:")
        self._settings = settings
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(30)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self.store.close()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        async with CaptureServer(self.store, **self._settings) as server:
            self.host, self.port = server.host, server.port
            self.certificate = server.certificate_pem
            self._ready.set()
            await self._stop.wait()


def add_local(gatepost: Gatepost, port: int, name: str = "Local") -> None:
    gatepost.ok(
        *("configs", "add", name, "--host", "127.0.0.1", "--port", port, "--security", "none"),
        *("--auth", "none", "--from-email", "office@example.com"),
    )


MAIL = ("--agent", "bot", "--config", "Local", "--subject", "Hello", "--text", "How are you?")
