"""The scenario as a deck of cards: complete, shuffled, and the same for the same seed."""

from __future__ import annotations

import random
from collections import Counter
from itertools import islice

import pytest

from sample_data import SampleData, load
from sample_data.acting import deal, request_of
from sample_data.recipe import MOST_CARDS
from sample_data.values import Scene


@pytest.fixture(scope="module")
def data() -> SampleData:
    return load()


def _scene(data: SampleData, beginning: str) -> Scene:
    return next(scene for scene in data.scenes if scene.name.startswith(beginning))


def test_one_round_plays_every_scene_as_often_as_it_weighs(data: SampleData) -> None:
    cards = sum(scene.weight for scene in data.scenes)
    assert cards <= MOST_CARDS
    played = Counter(scene.name for scene in islice(deal(data, random.Random(4)), cards))
    assert played == {scene.name: scene.weight for scene in data.scenes}


def test_a_round_is_shuffled_anew(data: SampleData) -> None:
    cards = sum(scene.weight for scene in data.scenes)
    both = [scene.name for scene in islice(deal(data, random.Random(4)), 2 * cards)]
    assert both[:cards] != both[cards:]
    assert Counter(both[:cards]) == Counter(both[cards:])


def test_the_same_chance_asks_for_the_same_mail(data: SampleData) -> None:
    for scene in data.scenes:
        first = request_of(scene, data, random.Random(9))
        assert first == request_of(scene, data, random.Random(9))


def test_drawn_people_differ_and_go_where_the_scene_says(data: SampleData) -> None:
    scene = _scene(data, "the letter to a dozen readers")
    request = request_of(scene, data, random.Random(1))
    assert request.to == ("news@example.com",)
    assert len(set(request.bcc)) == 11
    assert set(request.bcc) <= set(data.people["readers"])


def test_the_number_stands_in_subject_bodies_and_text_files(data: SampleData) -> None:
    request = request_of(_scene(data, "the reading circle"), data, random.Random(1))
    assert "{number}" not in request.subject
    number = request.subject.rpartition("evening ")[2].split()[0]
    assert f"circle-{number}@example.org".encode() in request.attachments[0].content


def test_a_made_up_file_has_the_size_that_was_asked_for(data: SampleData) -> None:
    request = request_of(_scene(data, "a recording that is larger"), data, random.Random(1))
    assert [(file.filename, len(file.content)) for file in request.attachments] == [
        ("call recording.wav", 300 * 1024)
    ]


def test_unsound_requests_reach_the_gate_as_they_are_written(data: SampleData) -> None:
    assert "\r\nBcc:" in request_of(_scene(data, "a header smuggled"), data, random.Random(1)).subject
    assert request_of(_scene(data, "a group"), data, random.Random(1)).to[0].startswith("Friends:")
