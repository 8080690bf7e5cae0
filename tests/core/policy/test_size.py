"""The size that a draft is judged by before it is composed: never less than what will leave."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.delivery.compose import SenderDefaults, compose
from core.policy.draft import AttachmentRequest, MailRequest
from core.policy.intake import parse_request
from tests.core.policy.policy_cases import NOW

DEFAULTS = SenderDefaults(from_email="office@home.test", from_name="The Office")


def sizes(**request: Any) -> tuple[int, int]:
    """The estimate, and what compose makes of it."""
    draft = parse_request(MailRequest(**{"to": ("a@ok.test",), "subject": "Hello", **request}))
    return draft.size_bytes, len(compose(draft, DEFAULTS, now=NOW).content)


def file(content: bytes, **other: Any) -> AttachmentRequest:
    return AttachmentRequest(**{"filename": "a.bin", "content": content, **other})


@pytest.mark.parametrize(
    "unit", ["a", "ü", "世", "=", ".\n", "\r", " \n", "a" * 75 + "ü", "x" * 5_000, "\x1b", "🎉\n"]
)
def test_the_estimate_is_never_below_the_composed_mail(unit: str) -> None:
    for field in ("text", "html"):
        estimate, size = sizes(**{field: unit * (50_000 // len(unit))})
        assert size <= estimate


def test_an_attachment_counts_as_it_is_encoded() -> None:
    estimate, size = sizes(attachments=(file(b"x" * 1_000_000),))
    assert size <= estimate <= size + 4_000


def test_a_mail_in_a_mail_counts_with_its_line_ends() -> None:
    estimate, size = sizes(attachments=(file(b"\n" * 100_000, content_type="message/rfc822"),))
    assert size <= estimate


def test_a_thousand_recipients_and_a_hundred_files_with_long_names_are_within_the_estimate() -> None:
    estimate, size = sizes(
        to=tuple(f"user-{n}@a-rather-long-domain.example.test" for n in range(1_000)),
        subject="ü世" * 400,
        headers=tuple((f"X-Agent-{n}", "世" * 900) for n in range(50)),
        attachments=tuple(file(b"", filename="ü" * 120) for _ in range(100)),
    )
    assert size <= estimate


@given(
    subject=st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=90),
    text=st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=400),
    html=st.none() | st.text(st.sampled_from("a =ü\r\n\t"), max_size=400),
    content=st.binary(max_size=200),
)
def test_the_estimate_is_an_upper_bound(
    subject: str, text: str | None, html: str | None, content: bytes
) -> None:
    estimate, size = sizes(subject=subject, text=text, html=html, attachments=(file(content),))
    assert size <= estimate
