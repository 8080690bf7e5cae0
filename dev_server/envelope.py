"""The envelope's grammar: the paths and parameters of MAIL and RCPT, kept exactly as they stood on the wire.

A capture server is where people look up what their program really sent, so an address is checked for its form
but never rewritten: no decoding, no dropped route or comment, no change of case.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

# RFC 5321, 4.1.2, widened where real senders are: UTF-8 (RFC 6531), repeated dots, a sender without a domain.
# No part of these can match one text in two ways, so they take linear time.
_CHARS: Final = r"""[^\s<>()@,:;\\"\[\]\x00-\x1f\x7f]+"""
_QUOTED: Final = r'"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"'
_DOMAIN: Final = rf"(?:\[[^\[\]\s\\\x00-\x1f\x7f]+\]|{_CHARS})"
_LOCAL: Final = rf"(?:{_QUOTED}|{_CHARS})"
_ROUTE: Final = rf"(?:@{_DOMAIN}(?:,@{_DOMAIN})*:)?"
_PATH: Final = re.compile(
    rf"(?:<(?P<angle>(?:{_ROUTE}{_LOCAL}(?:@{_DOMAIN})?)?)>|(?P<bare>{_LOCAL}@{_DOMAIN}))(?:\s+(?P<parameters>.*))?\Z"
)
_PARAMETER: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([\x21-\x3c\x3e-\x7e]+))?\Z")
_LONGEST_PATH: Final = 1024


class Path(NamedTuple):
    """An envelope address as it stood on the wire ("" for `<>`), and the text of the parameters after it."""

    address: str
    parameters: str


def parse_path(keyword: str, argument: str | None) -> Path | None:
    """`FROM:<a@b> SIZE=10` -> Path, or None if it is not of that form. `keyword` is "FROM:" or "TO:"."""
    if argument is None or argument[: len(keyword)].upper() != keyword:
        return None
    match = _PATH.match(argument[len(keyword) :].strip())
    if match is None:
        return None
    address = match["angle"] if match["angle"] is not None else match["bare"]
    if len(address) > _LONGEST_PATH:
        return None
    return Path(address, match["parameters"] or "")


def parse_parameters(text: str) -> dict[str, str | None] | None:
    """`SIZE=10 SMTPUTF8` -> {"SIZE": "10", "SMTPUTF8": None}; None if malformed or named twice (RFC 5321, 4.1.2)."""
    parameters: dict[str, str | None] = {}
    for word in text.split():
        match = _PARAMETER.match(word)
        if match is None or match[1].upper() in parameters:
            return None
        parameters[match[1].upper()] = match[2]
    return parameters
