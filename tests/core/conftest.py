"""What the tests of core share."""

from __future__ import annotations

import pytest

from core.testing import FakeTransport, FixedClock
from core.workspace import Workspace
from tests.core.making import Gate, open_gate


@pytest.fixture
async def gate(workspace: Workspace, transport: FakeTransport, clock: FixedClock) -> Gate:
    """On each engine: an agent with an unrestricted grant on one configuration."""
    return await open_gate(workspace, transport, clock)
