"""What a grant's form refuses: patterns at their place, limits that would widen the configuration's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from core.values.configuration import ConfigurationFields
from core.values.grant import Approval, GrantFields
from core.values.grant_check import check_grant

CONFIGURATION = ConfigurationFields(
    connection_name="Office",
    host="smtp.example.com",
    username="me",
    from_email="me@example.com",
    max_emails_per_day=100,
    max_recipients_per_email=10,
)


def fields_of(configuration: ConfigurationFields | None = CONFIGURATION, **changes: Any) -> list[str]:
    return [problem.field for problem in check_grant(replace(GrantFields(), **changes), configuration)]


def test_a_grant_as_the_form_begins_with_has_no_problem() -> None:
    assert fields_of() == []


def test_a_sound_grant_with_everything_set_has_no_problem() -> None:
    assert (
        fields_of(
            daily_email_limit=100,
            recipients_per_email_limit=1,
            allowed_recipients=("a@ok.test", "*@ok.test", ".ok.test", "*"),
            blocked_recipients=(),
            approval=Approval.ALWAYS,
            expires_at=datetime(2027, 3, 1, tzinfo=UTC),
        )
        == []
    )


@pytest.mark.parametrize("field", ["allowed_recipients", "blocked_recipients"])
def test_each_wrong_pattern_is_named_at_its_place(field: str) -> None:
    wrong = ("@ok.test", "ok.test", "*", "(a+)+$", "a" * 10_240)
    assert fields_of(**{field: wrong}) == [f"{field}[1]", f"{field}[3]", f"{field}[4]"]


@pytest.mark.parametrize(("field", "upper"), [("daily_email_limit", 100), ("recipients_per_email_limit", 10)])
def test_a_grant_may_lower_a_limit_but_not_raise_it(field: str, upper: int) -> None:
    assert fields_of(**{field: upper}) == []
    assert fields_of(**{field: upper + 1}) == [field]
    assert fields_of(None, **{field: upper + 1}) == []
    for value in (0, -1, 1.5, True):
        assert fields_of(**{field: value}) == [field]


@pytest.mark.parametrize(
    "field", ["can_send_email", "can_send_attachments", "can_use_custom_from", "is_active"]
)
def test_a_permission_is_yes_or_no(field: str) -> None:
    assert fields_of(**{field: None}) == [field]


def test_the_end_of_a_grant_has_a_zone() -> None:
    assert fields_of(expires_at=datetime(2027, 3, 1)) == ["expires_at"]


def test_approval_is_one_of_the_three_words() -> None:
    assert fields_of(approval="sometimes") == ["approval"]
    assert fields_of(approval="always") == []
