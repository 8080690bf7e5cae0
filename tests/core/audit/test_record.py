"""What goes into the log is cleaned so that every database can keep it, and nothing in it can be huge."""

from __future__ import annotations

import json
import math
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.audit.record import MAX_DEPTH, MAX_TEXT, clean, log_smtp_operation
from core.db.types import to_json
from core.values.operation import LogFilter
from core.vault.secret import Secret
from core.workspace import Workspace

TEXT = st.text(st.characters(), max_size=30)  # NUL and lone surrogates among them
HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(value=HOSTILE)
def test_whatever_it_was_it_is_json_afterwards(value: Any) -> None:
    cleaned = clean(value)
    text = to_json(cleaned)
    text.encode()
    assert "\\u0000" not in text
    assert json.loads(text, parse_constant=pytest.fail) == cleaned
    assert clean(cleaned) == cleaned


# JSONB keeps numbers as decimals: large floats come back as whole numbers.
@given(value=st.dictionaries(TEXT, HOSTILE, max_size=3).filter(lambda value: "e+" not in repr(value)))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_each_engine_stores_it_and_gives_it_back(workspace: Workspace, value: dict[str, Any]) -> None:
    id_ = await workspace._context.database.write(
        lambda session: log_smtp_operation(
            session, None, workspace.user.id, None, "send_email", value, value, error_message=str(value)
        )
    )
    row = await workspace.log.get(id_)
    assert row.params == row.result == clean(value)
    assert (await workspace.log.page(LogFilter(), limit=1))[0].id == id_


def test_texts_are_cut_and_say_so() -> None:
    assert clean("x" * MAX_TEXT) == "x" * MAX_TEXT
    cut = clean("x" * (MAX_TEXT + 1))
    assert (len(cut), cut[-1]) == (MAX_TEXT, "…")
    assert len(clean({"x" * 10_000: 1}).popitem()[0]) == MAX_TEXT


def test_nesting_is_bounded_however_deep_it_goes() -> None:
    deep: Any = "bottom"
    for _ in range(5_000):
        deep = [deep]
    text = to_json(clean(deep))
    assert text == "[" * MAX_DEPTH + '"…"' + "]" * MAX_DEPTH


def test_what_json_does_not_have_becomes_something_that_it_has() -> None:
    for value in (math.inf, -math.inf, math.nan, 10**5_000, b"bytes", uuid4(), {1, 2}):
        json.loads(to_json(clean({"value": value})), parse_constant=pytest.fail)


def test_a_secret_that_strays_into_the_log_stays_a_secret() -> None:
    assert "hunter2" not in to_json(clean({"password": Secret("hunter2"), "list": [Secret("hunter2")]}))


async def test_a_size_beyond_the_column_is_the_largest_that_it_holds(workspace: Workspace) -> None:
    id_ = await workspace._context.database.write(
        lambda session: log_smtp_operation(
            session, None, workspace.user.id, None, "send_email", email_size_bytes=5_000_000_000
        )
    )
    assert (await workspace.log.get(id_)).email_size_bytes == 2**31 - 1
