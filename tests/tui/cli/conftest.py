"""What a test of the command line may ask for."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tui.cli.person import Captured, Gatepost, add_local


@pytest.fixture
def gatepost(tmp_path: Path) -> Gatepost:
    return Gatepost(tmp_path)


@pytest.fixture
def capture_server() -> Iterator[Callable[..., Captured]]:
    """Starts capture servers that stop with the test."""
    started: list[Captured] = []

    def start(**settings: Any) -> Captured:
        server = Captured(**settings)
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def captured(capture_server: Callable[..., Captured]) -> Captured:
    return capture_server()


@pytest.fixture
def office(gatepost: Gatepost, captured: Captured) -> Gatepost:
    """A workspace in which `bot` may send through `Local`, to @ok.test only."""
    add_local(gatepost, captured.port)
    gatepost.ok("agents", "add", "bot")
    gatepost.ok("grants", "add", "--agent", "bot", "--config", "Local", "--allow", "@ok.test")
    return gatepost


@pytest.fixture
def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
