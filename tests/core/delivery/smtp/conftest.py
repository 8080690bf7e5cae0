"""What the SMTP tests share: an authority of their own, and a transport that is closed afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trustme

from core.delivery.smtp import SmtpTransport


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """An authority that only these tests know."""
    return trustme.CA(organization_name="Test Authority")


@pytest.fixture(scope="session")
def authority_pem(authority: trustme.CA) -> str:
    return authority.cert_pem.bytes().decode()


@pytest.fixture
async def smtp() -> AsyncIterator[SmtpTransport]:
    transport = SmtpTransport()
    yield transport
    await transport.close()
