"""A program of its own that opens a workspace at a signal: python -m tests.core.db.opener URL KEYFILE.

It says "ready", waits for a line, opens the workspace, gives a configuration a password, and says what it found.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from core.testing import FakeTransport
from core.vault.keys import FileKeyStore
from core.vault.secret import Secret
from core.workspace import Workspace
from tests.core.making import PASSWORD, configuration_fields


async def main(url: str, key_file: str) -> None:
    print("ready", flush=True)
    sys.stdin.readline()
    async with await Workspace.open(
        url, key_store=FileKeyStore(Path(key_file)), transport=FakeTransport()
    ) as workspace:
        name = f"of process {os.getpid()}"
        await workspace.configurations.create(configuration_fields(connection_name=name), Secret(PASSWORD))
        print("new" if workspace.is_new else "there", workspace.user.id, flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
