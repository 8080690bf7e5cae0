"""Reading what is played: the scenes of scenario.toml and the streams of history.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.errors import GatepostError, TransportError
from core.policy.verdict import Rule
from core.values.operation import Outcome
from sample_data.reading import Entry, read_entries
from sample_data.values import Draw, ExtraFile, HistoryRecipe, Scene, Stream

ROLES: Final = ("to", "cc", "bcc")

# So many cards make one round of the deck; what is in the scenario is seen within so many messages.
MOST_CARDS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the other files define, for checking what refers to it."""

    owners: Mapping[str, str]  # agent → user
    configurations: Mapping[str, frozenset[str]]  # user → names
    messages: frozenset[str]
    groups: Mapping[str, int]  # group → how many addresses


def transport_codes() -> frozenset[str]:
    """The codes of everything that can go wrong on the wire."""

    def below(error: type[GatepostError]) -> set[str]:
        return {error.code}.union(*(below(kind) for kind in error.__subclasses__()))

    return frozenset(below(TransportError))


def read_scenes(whole: Entry, names: Names) -> tuple[Scene, ...]:
    """The scenes. Raises SampleDataError, also when they are too many for one round."""
    scenes = tuple(_scene(entry, names) for entry in read_entries(whole, "scene"))
    whole.done()
    cards = sum(scene.weight for scene in scenes)
    if not 1 <= cards <= MOST_CARDS:
        raise whole.fault(f"the weights add up to {cards}, and must to between 1 and {MOST_CARDS}")
    return scenes


def read_history(whole: Entry, names: Names) -> HistoryRecipe:
    """The recipe of the past. Raises SampleDataError."""
    hours = whole.integers("hours")
    if len(hours) != 24 or min(hours) < 0 or not any(hours):
        raise whole.fault("`hours` must be 24 weights, one for each hour of the day, and not all of them 0")
    weekend = whole.number("weekend")
    if not 0 <= weekend <= 1:
        raise whole.fault(f"`weekend` is {weekend}, and must be between 0 and 1")
    recipe = HistoryRecipe(
        days=whole.integer("days", least=1),
        mails_per_day=whole.integer("mails_per_day", least=1),
        weekend=weekend,
        hours=hours,
        streams=tuple(_stream(entry, names) for entry in read_entries(whole, "stream", "agent")),
    )
    whole.done()
    return recipe


def _scene(entry: Entry, names: Names) -> Scene:
    agent, configuration = _pair(entry, names)
    scene = Scene(
        name=entry.text("name"),
        agent=agent,
        configuration=configuration,
        message=entry.known("message", entry.text("message"), names.messages),
        to=entry.texts("to"),
        cc=entry.texts("cc"),
        bcc=entry.texts("bcc"),
        draw=_draw(entry, names) if entry.has("any_of") else None,
        subject=entry.optional_text("subject"),
        extra_file=_extra_file(entry.table("extra_file")) if entry.has("extra_file") else None,
        weight=entry.integer("weight", 1, least=1),
        expect=entry.texts("expect"),
    )
    entry.done()
    if scene.draw is None and not (scene.to or scene.cc or scene.bcc):
        raise entry.fault("it is sent to nobody; give it `to`, `cc`, `bcc` or `any_of`")
    for code in scene.expect:
        entry.known("expect", code, {Outcome.SENT.value, *Rule, *transport_codes()})
    return scene


def _stream(entry: Entry, names: Names) -> Stream:
    agent, configuration = _pair(entry, names)
    took = entry.integers("took_ms") if entry.has("took_ms") else (1, 9)
    if len(took) != 2 or not 0 <= took[0] <= took[1]:
        raise entry.fault("`took_ms` must be the least and the most milliseconds, as in [70, 420]")
    outcomes = entry.weights("outcomes")
    known = {Outcome.SENT.value, Outcome.HELD.value, Outcome.UNKNOWN.value, *Rule, *transport_codes()}
    for outcome in outcomes:
        entry.known("outcomes", outcome, known)
    stream = Stream(
        agent=agent,
        configuration=configuration,
        messages=tuple(entry.known("messages", name, names.messages) for name in entry.texts("messages")),
        draw=_draw(entry, names),
        weight=entry.integer("weight", least=1),
        took_ms=(took[0], took[1]),
        outcomes=outcomes,
    )
    if not stream.messages or not stream.outcomes:
        raise entry.fault("it needs at least one of `messages` and one of `outcomes`")
    entry.done()
    return stream


def _pair(entry: Entry, names: Names) -> tuple[str, str]:
    agent = entry.known("agent", entry.text("agent"), names.owners)
    mine = names.configurations[names.owners[agent]]
    return agent, entry.known("configuration", entry.text("configuration"), mine)


def _draw(entry: Entry, names: Names) -> Draw:
    group = entry.known("any_of", entry.text("any_of"), names.groups)
    how_many = entry.integer("how_many", 1, least=1)
    if how_many > names.groups[group]:
        raise entry.fault(f"`how_many` is {how_many}, but “{group}” has only {names.groups[group]} addresses")
    into = entry.known("draw_into", entry.text("draw_into"), ROLES) if entry.has("draw_into") else "to"
    return Draw(group=group, how_many=how_many, into=into)


def _extra_file(entry: Entry) -> ExtraFile:
    file = ExtraFile(
        name=entry.text("name"),
        content_type=entry.text("type"),
        kilobytes=entry.integer("kilobytes", least=1),
    )
    entry.done()
    return file
