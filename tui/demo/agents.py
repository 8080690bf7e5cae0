"""The scripted agents of the demo: they take turns and send through the real pipeline, one mail after another."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from core.errors import GatepostError, InvalidInput
from core.policy.verdict import Decision, Rule
from core.values.operation import Outcome
from sample_data.acting import deal, request_of
from sample_data.values import Scene
from tui.demo.tally import Played

if TYPE_CHECKING:
    from core.values.mail import SendResult
    from tui.demo.stage import Stage

# A pause is drawn between so many times the average, so that the screen does not tick like a clock.
JITTER: Final = (0.5, 1.5)
# After an error of the workspace itself (a locked database, say) the agents wait so long (seconds).
AFTER_TROUBLE: Final = 2.0


class Agents:
    """All agents of a stage. The same seed makes them send the same mails in the same order."""

    def __init__(self, stage: Stage, *, seed: int = 0) -> None:
        self._stage = stage
        self._chance = random.Random(seed)  # noqa: S311 - a play, not a secret
        self._pauses = random.Random(seed)  # noqa: S311 - so that the rate changes no mail
        self._scenes = deal(stage.data, self._chance)

    async def play(self, messages: int | None = None, *, rate: float | None = None) -> AsyncIterator[Played]:
        """Send so many mails, one at a time, and tell what came of each; None: without end.

        `rate` is how many there are in a second, on average; None: as fast as they go. Raises GatepostError when
        the workspace can't record what is sent.
        """
        count = 0
        while messages is None or count < messages:
            if rate is not None and count:
                await asyncio.sleep(self._pauses.uniform(*JITTER) / rate)
            count += 1
            yield await self.send_one(next(self._scenes))

    async def keep_playing(self, messages: int | None, *, rate: float) -> None:
        """As `play`, for an audience that watches the workspace: what goes wrong in it ends nothing."""
        played = 0
        while messages is None or played < messages:
            left = None if messages is None else messages - played
            try:
                async for _ in self.play(left, rate=rate):
                    played += 1
            except GatepostError:
                # The dashboard shows what is wrong with the workspace; here it only has to pass.
                await asyncio.sleep(AFTER_TROUBLE)

    async def send_one(self, scene: Scene) -> Played:
        """Play one scene. An unsound request is a denial here, as it is in the log."""
        stage = self._stage
        user = stage.data.owner_of(scene.agent)
        request = request_of(scene, stage.data, self._chance)
        try:
            result = await stage.workspaces[user].mail.send(
                stage.planted.agents[scene.agent].id,
                stage.planted.configurations[user, scene.configuration].id,
                request,
            )
        except InvalidInput:
            return Played(
                scene=scene.name,
                agent=scene.agent,
                decision=Decision.DENIED,
                outcome=Outcome.DENIED,
                failed_rules=(Rule.DRAFT_VALID,),
                error_code=Rule.DRAFT_VALID,
            )
        return _played(scene, result)


def _played(scene: Scene, result: SendResult) -> Played:
    return Played(
        scene=scene.name,
        agent=scene.agent,
        decision=result.verdict.decision,
        outcome=result.outcome,
        failed_rules=tuple(check.rule for check in result.verdict.reasons),
        error_code=result.verdict.code or result.error_code,
        message_id=result.message_id,
        accepted=tuple(each.address for each in result.recipients if each.accepted),
    )
