"""The JSON of `--json`: every value that the command line prints, as an object of stable shape.

Names are those of the row dataclasses in `core.values`, in snake_case. Ids are strings, times ISO 8601 in
UTC with a `Z`, enums their words, absent values null. What a row keeps under `fields` stands beside its id:

| command                            | prints |
| ---------------------------------- | --- |
| `configs list`                     | array of configuration |
| `configs add/show/edit/archive`    | configuration: id, user_id, every field of `ConfigurationFields`, has_password, last_tested_at, test_status, test_error_message, archived_at, created_at, updated_at, sent_today, recipients_today |
| `configs test`                     | report: ok, every field of `TestReport` (steps: name, status, detail, took_ms) |
| `agents list`                      | array of agent |
| `agents add/show/pause/resume`     | agent: every field of `AgentRow` |
| `agents token list`                | array of token |
| `agents token revoke`              | token: every field of `TokenRow`, state |
| `agents token create`              | token, and `token`: the secret itself, this once |
| `grants list`                      | array of grant |
| `grants add/show/edit/revoke`      | grant: ids and names of its sides, every field of `GrantFields`, state, sent_today, … |
| `explain`                          | verdict: decision, code, checks (rule, passed, detail, remedy, holds) |
| `send`                             | result: outcome, verdict, operation_id, delivery_id, message_id, recipients (address, accepted, code, text), reply, error_code, error_message, remedy, took_ms, is_repeat |
| `logs`                             | array of operation, oldest first; with `--follow` one operation a line |
| `logs show`                        | operation: every field of `OperationRow` (position: transaction, position) |
| `capture …`                        | as `tui.cli.capture` documents |
| any error                          | error: code, message, remedy, problems (field, message, remedy) |
"""  # noqa: E501 (a table)

from __future__ import annotations

import dataclasses
import enum
import json
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any
from uuid import UUID

from core.errors import FieldProblem
from core.policy.verdict import Verdict
from core.values.agent import NewToken, TokenRow
from core.values.configuration import ConfigurationRow, TestReport
from core.values.grant import GrantRow


def plain(value: object, *, now: datetime | None = None) -> Any:
    """`value` as dicts, lists, strings, numbers, booleans and None.

    `now` decides the `state` of grants and tokens. Raises TypeError for what has no JSON, a Secret above all.
    """
    moment = now or datetime.now(UTC)

    def convert(item: object) -> Any:
        match item:
            case None | bool() | float() | enum.IntEnum():
                return item
            case enum.Enum():
                return item.value
            case str() | int():
                return item
            case UUID() | PurePath():
                return str(item)
            case datetime():
                return iso(item)
            case Mapping():
                return {str(key): convert(inner) for key, inner in item.items()}
            case frozenset() | set():
                return sorted(convert(inner) for inner in item)
            case list() | tuple():
                return [convert(inner) for inner in item]
            case ConfigurationRow():
                return _flattened(members(item))
            case GrantRow():
                return {**_flattened(members(item)), "state": item.state(moment)}
            case TokenRow():
                return {**members(item), "state": token_state(item, moment)}
            case NewToken():
                return {**convert(item.row), "token": item.token}
            case TestReport():
                return {"ok": item.ok, **members(item)}
            case Verdict():
                return {"decision": item.decision.value, "code": item.code, "checks": convert(item.checks)}
            case _ if dataclasses.is_dataclass(item) and not isinstance(item, type):
                return members(item)
            case _:
                raise TypeError(f"a {type(item).__name__} has no JSON")

    def members(item: Any) -> dict[str, Any]:
        return {field.name: convert(getattr(item, field.name)) for field in dataclasses.fields(item)}

    return convert(value)


def _flattened(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its `fields` beside its id instead of below a key."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        flat.update(value if name == "fields" else {name: value})
    return flat


def token_state(token: TokenRow, now: datetime) -> str:
    """One word: active, revoked or expired."""
    if token.revoked_at is not None:
        return "revoked"
    return "expired" if token.expires_at is not None and token.expires_at <= now else "active"


def iso(moment: datetime) -> str:
    """2026-03-01T14:02:11.250000Z, always of this length."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def text(value: object, *, indent: int | None = 2) -> str:
    """`value` as JSON. With `indent=None` it is one line.

    Readable in every script, but what could move a terminal's cursor or deceive an eye (control, format and
    private characters, lone surrogates) stands as `\\uXXXX`, which is the same data.
    """
    return inert(json.dumps(plain(value), ensure_ascii=False, indent=indent, allow_nan=False))


def inert(document: str) -> str:
    """A JSON document in which only printable characters and its own line ends stand as they are."""
    if document.isascii() and "\x7f" not in document:
        return document  # json.dumps escapes the rest of ASCII itself
    return "".join(
        char if char == "\n" or char.isprintable() or unicodedata.category(char) == "Zs" else _escaped(char)
        for char in document
    )


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def error(
    code: str, message: str, remedy: str = "", problems: tuple[FieldProblem, ...] = ()
) -> dict[str, dict[str, Any]]:
    """The object that stands for an error on stdout."""
    return {
        "error": {"code": code, "message": message, "remedy": remedy, "problems": plain(problems)},
    }
