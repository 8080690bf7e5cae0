"""The agents' 200 mails: every rule is met, both sides agree, and a seed repeats them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from core.policy.verdict import Decision, Rule
from core.testing import FixedClock
from core.values.operation import Outcome
from tui.demo.agents import Agents
from tui.demo.headless import perform, summary
from tui.demo.stage import open_stage
from tui.demo.tally import Tally

MESSAGES = 200


def _today() -> FixedClock:
    """Now, and the day does not turn (and with it the limits) while the test runs."""
    return FixedClock(datetime.now(UTC))


async def test_200_mails_meet_every_rule_and_agree_with_the_capture_server(tmp_path: Path) -> None:
    report = await perform(tmp_path, messages=MESSAGES, seed=1, rate=None, clock=_today())
    said = report.as_json()
    assert said["messages"] == MESSAGES == sum(said["verdicts"].values()) == sum(said["outcomes"].values())
    assert [rule for rule in Rule if not said["rules"][rule]] == []
    assert said["verdicts"][Decision.ALLOWED] > MESSAGES / 2
    assert set(said["errors"]) == {"connection_refused", "tls"}
    assert said["sent"] == said["captured"]
    assert said["sent"]["messages"] == said["outcomes"][Outcome.SENT]
    assert said["logged"] == said["outcomes"]
    assert said["differences"] == []
    assert said["agree"] is True
    assert summary(report)[-1].startswith("✓ They agree")


async def test_each_scene_ends_as_its_file_expects(tmp_path: Path) -> None:
    async with open_stage(tmp_path, history=False, clock=_today()) as stage:
        expected = {scene.name: scene.expect for scene in stage.data.scenes}
        async for played in Agents(stage, seed=7).play(MESSAGES):
            end = "sent" if played.outcome is Outcome.SENT else played.error_code
            assert end in expected[played.scene], played


async def test_the_same_seed_comes_to_the_same_counts(tmp_path: Path) -> None:
    tallies = []
    for name in ("first", "second"):
        async with open_stage(tmp_path / name, history=False, clock=_today()) as stage:
            tally = Tally()
            async for played in Agents(stage, seed=3).play(60):
                tally.add(played)
            tallies.append(tally)
    first, second = tallies
    assert first.outcomes == second.outcomes
    assert first.rules == second.rules
    assert first.errors == second.errors
    assert [(each.scene, each.accepted) for each in first.sent] == [
        (each.scene, each.accepted) for each in second.sent
    ]


async def test_a_mail_from_elsewhere_makes_the_two_sides_differ(tmp_path: Path) -> None:
    from tui.demo.headless import Report
    from tui.demo.tally import captured, compare

    async with open_stage(tmp_path, history=False, clock=_today()) as stage:
        tally = Tally()
        async for played in Agents(stage, seed=1).play(5):
            tally.add(played)
        stage.capture.add(b"Message-ID: <stray@x>\r\n\r\n", sender="x@y.example", recipients=("z@y.example",))
        received = captured(stage.capture)
        report = Report(
            seed=1,
            tally=tally,
            seconds=0.1,
            history=0,
            captured_messages=len(received),
            captured_recipients=sum(len(message.recipients) for message in received),
            logged=tally.outcomes,
            differences=tuple(compare(tally.sent, received)),
        )
        assert not report.agree
        assert report.as_json()["differences"][0]["message_id"] == "<stray@x>"
        assert "captured for z@y.example" in summary(report)[-1]
