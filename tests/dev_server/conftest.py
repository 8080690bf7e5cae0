"""A store, a server, and a client that says exactly what it is told, for the tests of the capture server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest

from dev_server import CaptureServer, CaptureStore

Connect = Callable[[int], Awaitable["Dialogue"]]


class Dialogue:
    """A connection on which a test writes its own bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def reply(self) -> str:
        """One whole reply, its lines joined by newlines; "" at the end of the connection."""
        lines = []
        while line := await self.reader.readline():
            lines.append(line.decode().rstrip("\r\n"))
            if line[3:4] != b"-":
                break
        return "\n".join(lines)

    async def ask(self, command: str | bytes) -> str:
        await self.send((command.encode() if isinstance(command, str) else command) + b"\r\n")
        return await self.reply()

    async def begin_mail(self, sender: str = "a@b.test", recipient: str = "c@d.test") -> None:
        assert (await self.ask("EHLO client.test")).startswith("250")
        assert (await self.ask(f"MAIL FROM:<{sender}>")).startswith("250")
        assert (await self.ask(f"RCPT TO:<{recipient}>")).startswith("250")
        assert (await self.ask("DATA")).startswith("354")

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


@pytest.fixture
def store() -> Iterator[CaptureStore]:
    with CaptureStore.open(":memory:") as opened:
        yield opened


@pytest.fixture
def file_store(tmp_path: Path) -> Iterator[CaptureStore]:
    with CaptureStore.open(tmp_path / "capture.db") as opened:
        yield opened


@pytest.fixture
async def server(store: CaptureStore) -> AsyncIterator[CaptureServer]:
    async with CaptureServer(store) as running:
        yield running


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Opens dialogues (the greeting is read already) and closes them at the end."""
    async with AsyncExitStack() as stack:

        async def open_one(port: int) -> Dialogue:
            dialogue = Dialogue(*await asyncio.open_connection("127.0.0.1", port))
            stack.push_async_callback(dialogue.close)
            assert (await dialogue.reply()).startswith("220")
            return dialogue

        yield open_one
