"""What a capture server was asked to be: its limits, and whom it lets in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dev_server.errors import SettingsInvalid

# "any" takes every name and password, "none" offers no AUTH, a mapping holds name -> password.
Logins = Mapping[str, str] | Literal["any", "none"]

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Limits and rules of one server. Sizes are in bytes, times in seconds.

    `auth_without_tls` lets passwords come in clear, as test clients on loopback send them. `max_connections` and
    `max_bytes_in_flight` (messages being received, all sessions together) bound what clients can take of this
    machine. Raises SettingsInvalid where the rules contradict each other.
    """

    hostname: str = "localhost"
    starttls: bool = True
    require_tls: bool = False
    logins: Logins = "any"
    require_auth: bool = False
    auth_without_tls: bool = True
    max_message_bytes: int = 32 * MEBIBYTE
    max_recipients: int = 1000
    max_connections: int = 500
    max_bytes_in_flight: int = 256 * MEBIBYTE
    idle_timeout: float = 300.0

    def __post_init__(self) -> None:
        for name in (
            "max_message_bytes",
            "max_recipients",
            "max_connections",
            "max_bytes_in_flight",
            "idle_timeout",
        ):
            if getattr(self, name) <= 0:
                raise SettingsInvalid(f"{name} is {getattr(self, name)}, and must be above 0.")
        if self.require_auth and self.logins == "none":
            raise SettingsInvalid(
                "AUTH is required but not offered.", remedy="Offer AUTH for any or for given logins."
            )
        if isinstance(self.logins, str) and self.logins not in ("any", "none"):
            raise SettingsInvalid('logins is "any", "none" or a mapping of name to password.')

    def __repr__(self) -> str:
        # A given list of logins holds passwords.
        return f"ServerSettings(hostname={self.hostname!r}, …)"
