"""Where a workspace lies: the URL that a person gives, made into the one that the engine needs."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from core.errors import FieldProblem, InvalidInput

DATABASE_VARIABLE = "GATEPOST_DATABASE"

# What may follow the "?" of a PostgreSQL URL. A password is not among them: nothing masks it there.
_POSTGRES_PARAMETERS = {"host", "port", "ssl", "sslmode", "target_session_attrs", "passfile"}


def default_database_path() -> Path:
    """The user's own workspace: a SQLite file in the platform's data folder."""
    return platformdirs.user_data_path("gatepost") / "workspace.sqlite3"


def database_url(given: str | None) -> URL:
    """What was given, else GATEPOST_DATABASE, else the user's own workspace.

    `postgresql://…` and `sqlite:///path` are URLs; anything without `://` is the path of a SQLite file.
    Raises InvalidInput for everything else, parameters that would be ignored among it.
    """
    text = given or os.environ.get(DATABASE_VARIABLE) or ""
    if "\0" in text:
        raise _invalid("has a NUL character")
    if not text:
        return URL.create("sqlite", database=str(default_database_path()))
    if "://" not in text:
        return URL.create("sqlite", database=str(Path(text).expanduser().absolute()))
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # The parser's text may repeat a password.
        raise _invalid("is not a database URL") from None
    backend = url.drivername.partition("+")[0]
    if backend in ("postgresql", "postgres"):
        return _postgres_url(url)
    if backend == "sqlite":
        if url.query:
            raise _invalid("has parameters behind the path, which Gatepost does not know")
        if not url.database or url.database == ":memory:":
            raise _invalid("names no file; a workspace has to outlive its connection")
        return URL.create("sqlite", database=str(Path(url.database).expanduser().absolute()))
    raise _invalid(f"names the engine {backend!r}, which Gatepost does not know")


def _postgres_url(url: URL) -> URL:
    unknown = sorted(set(url.query) - _POSTGRES_PARAMETERS)
    if unknown:
        known = ", ".join(sorted(_POSTGRES_PARAMETERS))
        raise _invalid(f"has the parameter {unknown[0]!r}, which Gatepost does not know", f"Use {known}.")
    # libpq calls it sslmode, the driver ssl; the values are the same.
    query = {"ssl" if name == "sslmode" else name: value for name, value in url.query.items()}
    return url.set(drivername="postgresql+asyncpg", query=query)


def _invalid(
    message: str, remedy: str = "Give a path, sqlite:///path or postgresql://user@host/database."
) -> InvalidInput:
    return InvalidInput((FieldProblem("database", message, remedy),))


def label(url: URL) -> str:
    """How the workspace is named on screen: never with a password."""
    if url.drivername == "sqlite":
        return "SQLite"
    return f"PostgreSQL {url.host or 'local'}/{url.database or ''}"
