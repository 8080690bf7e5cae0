"""The form of an address that may stand in a header field and in an SMTP command alike.

Quoted local parts, source routes and address literals (RFC 5321 4.1.2) are legal, but no `Mailbox` has them, and
servers disagree about where they end. So they are refused here as well, whoever made the address.
"""

from __future__ import annotations

import re

_ATOM = '[^\\s"(),:;<>@\\[\\]\\\\\x00-\x20\x7f-\x9f\ud800-\udfff]+'
_ADDRESS = re.compile(f"{_ATOM}@{_ATOM}")


def is_wire_address(address: str) -> bool:
    """Whether the address can't be read as anything but one address: no blanks, brackets, quotes or controls."""
    return _ADDRESS.fullmatch(address) is not None
