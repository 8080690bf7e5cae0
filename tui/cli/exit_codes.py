"""The exit codes of `gatepost`: a promise to scripts, and the table in `gatepost --help`."""

from __future__ import annotations

import enum
from typing import Final

from core.policy.verdict import Decision
from core.values.operation import Outcome


class ExitCode(enum.IntEnum):
    """What a script can tell from how `gatepost` ended."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    DENIED = 3
    HELD = 4
    UNKNOWN = 5
    INTERRUPTED = 130  # 128 + SIGINT, as shells have it


MEANINGS: Final = {
    ExitCode.DONE: "done; also when `logs --follow` or `capture serve` is stopped",
    ExitCode.FAILED: "any other failure: refused by the server, database gone, disk full, …",
    ExitCode.USAGE: "usage: what was asked for can't be done as it was asked",
    ExitCode.DENIED: "denied by policy: nothing left",
    ExitCode.HELD: "held: it waits for the owner's approval",
    ExitCode.UNKNOWN: "outcome unknown: it may have been sent; look before sending again",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C",
}

OUTCOMES: Final = {
    Outcome.SENT: ExitCode.DONE,
    Outcome.HELD: ExitCode.HELD,
    Outcome.DENIED: ExitCode.DENIED,
    Outcome.FAILED: ExitCode.FAILED,
    Outcome.UNKNOWN: ExitCode.UNKNOWN,
    Outcome.TESTED: ExitCode.DONE,
}

DECISIONS: Final = {
    Decision.ALLOWED: ExitCode.DONE,
    Decision.HELD: ExitCode.HELD,
    Decision.DENIED: ExitCode.DENIED,
}
