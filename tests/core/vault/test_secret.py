"""A secret shows itself to nobody but the one who asks for it by name."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import pickle
import traceback
from collections.abc import Callable

import pytest

from core.vault.secret import MASK, Secret

PASSWORD = "swordfish-Ω"


@dataclasses.dataclass(frozen=True)
class Holder:
    name: str
    secret: Secret


def test_reveals_its_value_to_who_asks() -> None:
    assert Secret(PASSWORD).reveal() == PASSWORD


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        ascii,
        "{}".format,
        "{:>40}".format,
        "{!r}".format,
        lambda secret: f"{secret}",
        lambda secret: f"{secret:_<20}",
        lambda secret: "%s and %r" % (secret, secret),  # noqa: UP031
        lambda secret: repr([secret, {"password": secret}]),
        lambda secret: repr(Holder("a", secret)),
        lambda secret: repr(dataclasses.asdict(Holder("a", secret))),
        lambda secret: json.dumps({"password": secret}, default=str),
    ],
)
def test_every_way_to_show_it_gives_the_mask(show: Callable[[Secret], str]) -> None:
    shown = show(Secret(PASSWORD))
    assert MASK in shown
    assert "swordfish" not in shown


def test_a_log_shows_the_mask(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("signing in with %s", Secret(PASSWORD))
    assert caplog.messages == [f"signing in with {MASK}"]


def test_mistakes_with_it_do_not_show_it_in_the_traceback() -> None:
    secret = Secret(PASSWORD)
    mistakes = (
        lambda: "password: " + secret,  # type: ignore[operator]
        lambda: json.dumps(secret),
        lambda: secret.encode(),  # type: ignore[attr-defined]
        lambda: int(secret),  # type: ignore[call-overload]
        lambda: len(secret),  # type: ignore[arg-type]
    )
    for mistake in mistakes:
        with pytest.raises((TypeError, AttributeError, ValueError)) as caught:
            mistake()
        told = "".join(
            traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
        )
        assert "swordfish" not in told


def test_comparing_can_not_guess_it() -> None:
    secret = Secret(PASSWORD)
    assert secret != Secret(PASSWORD)
    assert secret != PASSWORD  # type: ignore[comparison-overlap]
    assert hash(secret) != hash(PASSWORD)
    assert secret == secret


def test_says_only_whether_it_is_empty() -> None:
    assert Secret("x")
    assert not Secret("")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_can_not_be_pickled(protocol: int) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(PASSWORD), protocol)


def test_has_no_state_to_hand_out() -> None:
    with pytest.raises(TypeError):
        vars(Secret(PASSWORD))
    with pytest.raises(TypeError):
        Secret(PASSWORD).__getstate__()


def test_a_copy_is_the_same_object() -> None:
    secret = Secret(PASSWORD)
    assert copy.copy(secret) is secret
    assert copy.deepcopy({"deep": [secret]})["deep"][0] is secret
    assert dataclasses.asdict(Holder("a", secret))["secret"] is secret
