"""A program of its own that sends as fast as it can: python -m tests.core.delivery.hammer JSON.

JSON is a list of [url, agent id, configuration id, mails]. It says "ready", waits for a line, and prints for each of
them how many mails were sent and how many were denied.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from uuid import UUID

from core.testing import FakeTransport, FixedClock, MemoryKeyStore
from core.workspace import Workspace
from tests.core.making import mail


async def main(orders: str) -> None:
    opened = [
        (
            await Workspace.open(
                url, key_store=MemoryKeyStore(), transport=FakeTransport(), clock=FixedClock()
            ),
            UUID(agent),
            UUID(configuration),
            int(mails),
        )
        for url, agent, configuration, mails in json.loads(orders)
    ]
    print("ready", flush=True)
    sys.stdin.readline()
    counts = []
    for workspace, agent, configuration, mails in opened:
        results = await asyncio.gather(
            *(
                workspace.mail.send(agent, configuration, mail("ada@away.test", "bob@away.test"))
                for _ in range(mails)
            )
        )
        counts.append(Counter(result.outcome.value for result in results))
        await workspace.close()
    print(json.dumps(counts), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
