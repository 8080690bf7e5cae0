"""Statements that are built once and run for every mail: on SQLite they go straight to the driver.

What SQLAlchemy does around each execution costs more there than the statement itself. The SQL and the conversion of
values in both directions are SQLAlchemy's own, worked out once per statement.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Delete, Dialect, Insert, Select, TextClause, Update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler

Parameters = Mapping[str, Any]
Statement = Select[Any] | Insert | Update | Delete | TextClause
_Convert = Callable[[Any], Any]
_REQUIRED: Any = object()  # stands for the value of a parameter that has to be given


class Prepared:
    """One statement over plain tables, with named parameters. It names the user itself where rows are a user's.

    An insert takes its columns from the parameters; columns with a default of Python's have to be among them.
    """

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._on_sqlite: _OnSqlite | None = None

    def change(self, session: Session, parameters: Parameters) -> int:
        """Run it; the number of rows that it changed, or that it returned."""
        connection = _connection(session)
        if connection.dialect.name != "sqlite":
            result = connection.execute(self._statement, parameters)
            return len(result.all()) if result.returns_rows else result.rowcount
        cursor = self._prepared(connection, parameters).execute(connection, parameters)
        return len(cursor.fetchall()) if cursor.description else cursor.rowcount

    def change_many(self, session: Session, rows: Sequence[Parameters]) -> None:
        """Run it once for each of the parameters."""
        connection = _connection(session)
        if connection.dialect.name != "sqlite":
            connection.execute(self._statement, rows)
            return
        for row in rows:
            self._prepared(connection, row).execute(connection, row)

    def first(self, session: Session, parameters: Parameters) -> Any:
        """The first row, its columns by name, or None."""
        connection = _connection(session)
        if connection.dialect.name != "sqlite":
            return connection.execute(self._statement, parameters).first()
        return self._prepared(connection, parameters).first(connection, parameters)

    def _prepared(self, connection: Connection, parameters: Parameters) -> _OnSqlite:
        if self._on_sqlite is None:
            self._on_sqlite = _OnSqlite(self._statement, connection.dialect, parameters)
        return self._on_sqlite


class _OnSqlite:
    """A statement as SQL text, with what turns values into SQLite's and back."""

    def __init__(self, statement: Statement, dialect: Dialect, parameters: Parameters) -> None:
        names = list(parameters) if isinstance(statement, Insert) else None
        compiled = statement.compile(dialect=dialect, column_keys=names)
        assert isinstance(compiled, SQLCompiler)
        missing = [column.name for column in (*compiled.insert_prefetch, *compiled.update_prefetch)]
        if missing:
            raise ValueError(f"a prepared statement fills in no defaults: {', '.join(missing)}")
        if compiled.post_compile_params:
            raise ValueError("a prepared statement has no IN: its text must not depend on the parameters")
        self._sql = str(compiled)
        self._binds = [self._bind(compiled, dialect, name) for name in compiled.positiontup or ()]
        self._columns = _columns(statement, dialect)

    @staticmethod
    def _bind(compiled: SQLCompiler, dialect: Dialect, name: str) -> tuple[str, Any, _Convert | None]:
        bind = compiled.binds[name]
        fallback = _REQUIRED if bind.required else bind.effective_value
        return name, fallback, bind.type.dialect_impl(dialect).bind_processor(dialect)

    def execute(self, connection: Connection, parameters: Parameters) -> sqlite3.Cursor:
        values = []
        for name, fallback, convert in self._binds:
            value = parameters[name] if fallback is _REQUIRED else parameters.get(name, fallback)
            values.append(value if convert is None else convert(value))
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        try:
            return driver.execute(self._sql, values)
        except sqlite3.IntegrityError as error:
            raise IntegrityError(self._sql, None, error, hide_parameters=True) from error

    def first(self, connection: Connection, parameters: Parameters) -> Any:
        found = self.execute(connection, parameters).fetchone()
        if found is None:
            return None
        assert self._columns is not None
        row, converts = self._columns
        return row(
            *(
                value if convert is None else convert(value)
                for value, convert in zip(found, converts, strict=True)
            )
        )


def _columns(statement: Statement, dialect: Dialect) -> tuple[Any, list[_Convert | None]] | None:
    """A row type with the names of a select's columns, and what turns each value into Python's."""
    if not isinstance(statement, Select):
        return None
    columns = statement.selected_columns
    row = namedtuple("row", columns.keys())  # type: ignore[misc]
    return row, [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]


def _connection(session: Session) -> Connection:
    """The connection that the store gave the session, with its transaction already begun."""
    assert isinstance(session.bind, Connection)
    return session.bind
