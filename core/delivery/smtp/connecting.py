"""The way to a server's port: the addresses of its name, and a TCP connection to the first that answers."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from typing import Any

from core.delivery.smtp.faults import Fault, Phase, place, timed_out, unreachable, unresolved
from core.delivery.transport import ServerSettings
from core.errors import PlaintextRefused
from core.values.configuration import Security


@dataclass(frozen=True, slots=True)
class Address:
    """One address of the server, as the system's resolver gave it."""

    family: int
    socket_address: Any

    @property
    def text(self) -> str:
        return str(self.socket_address[0])


async def resolve(settings: ServerSettings) -> tuple[Address, ...]:
    """Every address of the host, each once, in the resolver's order. Raises Fault."""
    if not settings.host.strip():
        raise unresolved(settings, OSError())
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(settings.connection_timeout / 1000):
            found = await loop.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise timed_out(settings, Phase.RESOLVE, settings.connection_timeout) from None
    except (OSError, UnicodeError) as error:
        raise unresolved(settings, error) from error
    return tuple(dict.fromkeys(Address(family, address) for family, _, _, _, address in found))


async def connect(settings: ServerSettings, addresses: tuple[Address, ...], deadline: float) -> socket.socket:
    """A connection to the first address that takes one before `deadline` (loop time). Raises Fault.

    Each address gets an equal share of the time that is left: a silent one leaves some for the others.
    Where the configuration has no TLS, only addresses of this machine are tried.
    """
    if settings.security is Security.PLAINTEXT:
        addresses = tuple(address for address in addresses if is_loopback(address.text))
        if not addresses:
            raise Fault(
                PlaintextRefused(
                    f"{place(settings)} is another machine, and the configuration asks for no TLS."
                )
            )
    loop = asyncio.get_running_loop()
    fault: Fault | None = None
    for number, address in enumerate(addresses):
        share = max(deadline - loop.time(), 0) / (len(addresses) - number)
        try:
            async with asyncio.timeout(share):
                return await _connect(loop, address)
        except TimeoutError:
            fault = timed_out(settings, Phase.CONNECT, settings.connection_timeout)
        except OSError as error:
            fault = unreachable(settings, address.text, error)
    raise fault or unresolved(settings, OSError())


def is_loopback(address: str) -> bool:
    """Whether a numeric address is this machine's own, an IPv4 address inside IPv6 included."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback


async def _connect(loop: asyncio.AbstractEventLoop, address: Address) -> socket.socket:
    connection = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        connection.settimeout(0)
        await loop.sock_connect(connection, address.socket_address)
    except BaseException:
        connection.close()
        raise
    return connection
