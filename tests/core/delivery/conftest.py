"""What the tests of delivering share: a gate whose transport stops where a test wants it to."""

from __future__ import annotations

import pytest

from tests.core.delivery.transports import SteppingTransport


@pytest.fixture
def transport() -> SteppingTransport:
    return SteppingTransport()
