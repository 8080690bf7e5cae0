"""What the log of the past says about mails that did not simply leave: the finding and the remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core import errors
from core.policy.verdict import Rule


@dataclass(frozen=True, slots=True)
class Remark:
    """What was found, what to do about it, and what a server replied, if one did (0: none did)."""

    found: str
    remedy: str
    replied: tuple[int, str] = (0, "")


HELD: Final = Remark("first mail to this recipient", "It waits until the owner approves it.")

# Denials of the policy; those of Rule that are not here say only their name.
DENIALS: Final[Mapping[str, Remark]] = {
    Rule.AGENT_ACTIVE: Remark("the agent is paused", "The owner can resume it."),
    Rule.CAN_SEND_ATTACHMENTS: Remark(
        "the grant does not include attachments", "Send it without files, or ask the owner."
    ),
    Rule.CAN_USE_CUSTOM_FROM: Remark(
        "the grant does not include a sender of its own", "Leave From to the configuration."
    ),
    Rule.RECIPIENTS_ALLOWED: Remark(
        "a recipient is not among the allowed ones", "Leave it out, or ask the owner."
    ),
    Rule.RECIPIENTS_NOT_BLOCKED: Remark(
        "a recipient is blocked", "Leave it out: a block outweighs every permission."
    ),
    Rule.RECIPIENTS_PER_EMAIL: Remark(
        "too many recipients for one mail", "Send several mails, each to fewer recipients."
    ),
    Rule.SIZE: Remark("the mail is larger than the configuration allows", "Send less in one mail."),
}

# Ends on the wire, by the code of the error.
FAILURES: Final[Mapping[str, Remark]] = {
    errors.ConnectionRefused.code: Remark(
        "the server refuses connections on that port", errors.ConnectionRefused.default_remedy
    ),
    errors.ServerTimeout.code: Remark(
        "the server did not answer in time", errors.ServerTimeout.default_remedy
    ),
    errors.TlsFailed.code: Remark(
        "the server's certificate is not trusted: self-signed", errors.TlsFailed.default_remedy
    ),
    errors.ServerRejected.code: Remark(
        "the server refused every recipient",
        errors.ServerRejected.default_remedy,
        (550, "5.1.1 no such mailbox here"),
    ),
    errors.ServerDeferred.code: Remark(
        "the server asks to try again later",
        errors.ServerDeferred.default_remedy,
        (451, "4.7.1 greylisted, try again in five minutes"),
    ),
}

UNKNOWN: Final = Remark(
    "the connection ended before the server's answer to the message", errors.OutcomeUnknown.default_remedy
)


def denial(rule: str) -> Remark:
    """What a denial by this rule says."""
    return DENIALS.get(rule) or Remark(f"not passed: {rule.replace('_', ' ')}", "Ask the owner.")


def failure(code: str) -> Remark:
    """What a failure of this code says."""
    return FAILURES.get(code) or Remark(f"it failed: {code.replace('_', ' ')}", "Try again later.")
