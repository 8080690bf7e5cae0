"""The sample data as frozen values: what the files say, checked, in the words of core."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from core.errors import GatepostError
from core.policy.draft import AttachmentRequest
from core.values.configuration import ConfigurationFields
from core.values.grant import GrantFields

# The group of people.toml that nobody is to write to: the past draws on it for its denials.
OUTSIDERS: Final = "outsiders"


class SampleDataError(GatepostError):
    """A file of the sample data holds what it must not. The text names the file, the entry and the fault."""

    code = "sample_data"
    default_remedy = "Correct the file; those that came with Gatepost are sound."


class Server(enum.StrEnum):
    """What stands behind a configuration of the sample data."""

    CAPTURE = "capture"  # the capture server
    CLOSED = "closed"  # a port of this machine on which nobody listens
    ELSEWHERE = "elsewhere"  # host and port as the file has them


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleUser:
    """An owner of configurations and agents."""

    email: str
    display_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleConfiguration:
    """A configuration. Where its server listens is known only once that has started: see `at`."""

    user: str
    fields: ConfigurationFields
    server: Server
    trusts_capture: bool
    made_days_ago: int
    tested: bool
    archived: bool

    @property
    def name(self) -> str:
        return self.fields.connection_name

    def at(self, host: str, port: int, certificate: str | None) -> ConfigurationFields:
        """The fields with the place of the server, and its certificate (PEM) where it is to be trusted."""
        return replace(
            self.fields, host=host, port=port, ca_certificate=certificate if self.trusts_capture else None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleAgent:
    """An agent. Its name is unique in the sample data, whoever owns it."""

    user: str
    name: str
    description: str | None
    tokens: tuple[str, ...]
    paused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleGrant:
    """What one agent may do with one configuration of the same user."""

    agent: str
    configuration: str
    fields: GrantFields
    given_days_ago: int
    expires_in_days: int | None
    revoked: bool

    def at(self, now: datetime) -> GrantFields:
        """The fields with the moment of expiry, counted from `now`."""
        if self.expires_in_days is None:
            return self.fields
        return replace(self.fields, expires_at=now + timedelta(days=self.expires_in_days))


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleMessage:
    """One `.eml` file as an agent would ask for it. Subject, bodies and text files may hold `{number}`."""

    name: str
    subject: str
    text: str | None
    html: str | None
    from_email: str | None
    from_name: str | None
    reply_to: str | None
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    attachments: tuple[AttachmentRequest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraFile:
    """A file that is made up when it is sent."""

    name: str
    content_type: str
    kilobytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """So many different addresses of a group, drawn anew each time."""

    group: str
    how_many: int
    into: str  # to, cc or bcc


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One thing that an agent does, again and again."""

    name: str
    agent: str
    configuration: str
    message: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    draw: Draw | None
    subject: str | None
    extra_file: ExtraFile | None
    weight: int
    expect: tuple[str, ...]  # "sent", or the code of the first rule or error in its way


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A steady stream of mail in the past."""

    agent: str
    configuration: str
    messages: tuple[str, ...]
    draw: Draw
    weight: int
    took_ms: tuple[int, int]
    outcomes: Mapping[str, int]  # weights of: sent, held, unknown, the code of a rule or of a transport error


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRecipe:
    """How the past of the operation log is made up."""

    days: int
    mails_per_day: int
    weekend: float  # share of a working day's mails
    hours: tuple[int, ...]  # 24 weights, UTC
    streams: tuple[Stream, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleData:
    """Everything in this folder. Names that refer to each other are known to exist."""

    users: tuple[SampleUser, ...]
    people: Mapping[str, tuple[str, ...]]
    configurations: tuple[SampleConfiguration, ...]
    agents: tuple[SampleAgent, ...]
    grants: tuple[SampleGrant, ...]
    messages: Mapping[str, SampleMessage]
    scenes: tuple[Scene, ...]
    history: HistoryRecipe

    def owner_of(self, agent: str) -> str:
        """The user whose agent that is."""
        return next(found.user for found in self.agents if found.name == agent)

    def configuration_of(self, agent: str, name: str) -> SampleConfiguration:
        """The configuration of that name, among those of the agent's owner."""
        user = self.owner_of(agent)
        return next(found for found in self.configurations if found.name == name and found.user == user)
