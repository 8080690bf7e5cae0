from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dev_server.intake import Intake

LIMIT = 10_000
# Bytes that could be mistaken for the end, far more often than chance has them.
awkward = st.lists(
    st.sampled_from([b"\r\n", b"\n", b"\r", b".", b"..", b"a", b"\x00", b" "]), max_size=40
).map(b"".join)
blocks = st.lists(st.integers(1, 7), min_size=1, max_size=20)


def stuffed(message: bytes) -> bytes:
    """What a right client sends for a message that ends with CRLF, or is empty (RFC 5321, 4.5.2)."""
    lines = message.split(b"\r\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines) + b".\r\n"


@given(awkward, blocks, awkward)
def test_what_is_stuffed_arrives_byte_for_byte_in_blocks_of_any_size(
    body: bytes, sizes: list[int], after: bytes
) -> None:
    message = body + b"\r\n" if body else b""
    wire = stuffed(message) + after
    intake, position, turn = Intake(LIMIT), 0, 0
    rest = None
    while rest is None:
        size = sizes[turn % len(sizes)]
        rest = intake.feed(wire[position : position + size])
        position += size
        turn += 1
    assert intake.content() == message
    assert rest + wire[position:] == after


@pytest.mark.parametrize(
    "ending",
    [
        b"\n.\n",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r.\r",
        b"\r\n.\r",
        b"\r.\r\n",
        b"\r\n\x00.\r\n",
        b"\n.\r",
        b"\r\r\n.\n",
    ],
)
def test_nothing_but_crlf_dot_crlf_ends_a_message(ending: bytes) -> None:
    intake = Intake(LIMIT)
    assert intake.feed(b"first" + ending + b"MAIL FROM:<evil@x.test>\r\n") is None
    assert intake.feed(b".\r\n") == b""
    content = intake.content()
    assert content is not None and b"MAIL FROM" in content


def test_a_message_of_exactly_the_limit_is_whole_and_one_more_byte_is_not() -> None:
    for dots in (b"x", b".."):
        line = dots * 2 + b"\r\n"
        size = len(line) * 10 - (10 if dots == b".." else 0)
        for limit, expected in ((size, size), (size - 1, None)):
            intake = Intake(limit)
            assert intake.feed(line * 10 + b".\r\n") == b""
            content = intake.content()
            assert (content and len(content)) == expected


def test_what_is_over_the_limit_is_not_kept_in_memory() -> None:
    intake = Intake(1_000)
    for _ in range(1_000):
        assert intake.feed(b"x" * 1_000) is None
        assert intake.held < 3_000
    assert intake.feed(b"\r\n.\r") is None
    assert intake.feed(b"\nQUIT\r\n") == b"QUIT\r\n"
    assert intake.content() is None
