"""Holding what was sent against what was captured: every way in which they can differ is seen."""

from __future__ import annotations

from core.policy.verdict import Decision
from core.values.operation import Outcome
from dev_server.store import CaptureStore
from tui.demo.tally import Difference, Played, captured, compare


def _sent(message_id: str, *recipients: str) -> Played:
    return Played(
        scene="a scene",
        agent="an agent",
        decision=Decision.ALLOWED,
        outcome=Outcome.SENT,
        failed_rules=(),
        error_code=None,
        message_id=message_id,
        accepted=recipients,
    )


def _store(*messages: tuple[str, tuple[str, ...]]) -> CaptureStore:
    store = CaptureStore.open(":memory:")
    for message_id, recipients in messages:
        raw = f"Message-ID: {message_id}\r\n\r\nHello\r\n".encode()
        store.add(raw, sender="a@example.com", recipients=recipients)
    return store


def test_the_same_on_both_sides_is_no_difference_in_any_order() -> None:
    with _store(("<1@x>", ("b@x.example", "a@x.example")), ("<2@x>", ("c@x.example",))) as store:
        sent = [_sent("<2@x>", "c@x.example"), _sent("<1@x>", "a@x.example", "b@x.example")]
        assert compare(sent, captured(store)) == []


def test_a_mail_that_did_not_arrive_is_a_difference() -> None:
    with _store() as store:
        assert compare([_sent("<1@x>", "a@x.example")], captured(store)) == [
            Difference(message_id="<1@x>", sent_to=("a@x.example",), captured_for=None)
        ]


def test_a_mail_that_nobody_sent_is_a_difference() -> None:
    with _store(("<1@x>", ("a@x.example",))) as store:
        assert compare([], captured(store)) == [
            Difference(message_id="<1@x>", sent_to=None, captured_for=("a@x.example",))
        ]


def test_a_mail_that_arrived_twice_is_a_difference() -> None:
    with _store(("<1@x>", ("a@x.example",)), ("<1@x>", ("a@x.example",))) as store:
        assert compare([_sent("<1@x>", "a@x.example")], captured(store)) == [
            Difference(message_id="<1@x>", sent_to=None, captured_for=("a@x.example",))
        ]


def test_a_recipient_more_or_less_is_a_difference() -> None:
    with _store(("<1@x>", ("a@x.example", "b@x.example"))) as store:
        assert compare([_sent("<1@x>", "a@x.example")], captured(store)) == [
            Difference(
                message_id="<1@x>", sent_to=("a@x.example",), captured_for=("a@x.example", "b@x.example")
            )
        ]


def test_captured_mail_is_read_to_the_last_page() -> None:
    with _store(*((f"<{number}@x>", ("a@x.example",)) for number in range(1_203))) as store:
        assert len(captured(store)) == 1_203
        assert len(captured(store, after=1_200)) == 3
