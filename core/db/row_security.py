"""Which rows a user may see and change: one policy per table, defined where the table is, applied in one place.

A policy is an expression over the table and the user. `UserSession` applies it to every statement of the ORM that
it runs and to every row that it flushes. The policies are written so that a database can be given
the same expressions to enforce.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Uuid, event, literal
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, with_loader_criteria
from sqlalchemy.sql import visitors

from core.db.base import Base
from core.errors import NotFound

# Given the user, the rows of a table that are theirs.
Condition = Callable[[ColumnElement[UUID]], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Policy:
    """Who sees the rows of a table, and whose rows a user may write."""

    model: type[Base]
    visible: Condition
    owner: str | None  # the column that has to hold the writing user; None: users don't write here


_policies: dict[type[Base], Policy] = {}


def protect(model: type[Base], visible: Condition, *, owner: str | None) -> None:
    """Declare the policy of a table. Each table has exactly one."""
    if model in _policies:
        raise ValueError(f"{model.__tablename__} has a policy already")
    _policies[model] = Policy(model, visible, owner)


def policies() -> Iterable[Policy]:
    """All policies declared so far."""
    return _policies.values()


class UserSession(Session):
    """A session that is one user's for life: it sees and writes what the policies give that user."""

    def __init__(self, connection: Connection, user_id: UUID) -> None:
        super().__init__(bind=connection, **SESSION_OPTIONS)
        self._user_id = user_id

    @property
    def user_id(self) -> UUID:
        return self._user_id


# The transaction is the store's: it begins before the session and ends after it.
SESSION_OPTIONS: dict[str, Any] = {
    "autoflush": False,
    "expire_on_commit": False,
    "join_transaction_mode": "rollback_only",
}


@lru_cache(maxsize=256)
def _criteria(user_id: UUID) -> tuple[Any, ...]:
    user = literal(user_id, Uuid())
    return tuple(with_loader_criteria(policy.model, policy.visible(user)) for policy in _policies.values())


@event.listens_for(UserSession, "do_orm_execute")
def _filter_rows(state: ORMExecuteState) -> None:
    if state.is_select or state.is_update or state.is_delete:
        assert isinstance(state.session, UserSession)
        _refuse_aliases(state.statement)
        state.statement = state.statement.options(*_criteria(state.session.user_id))


def _refuse_aliases(statement: Any) -> None:
    """The criteria reach a table under its own name only: under another one it would not be filtered."""
    for element in visitors.iterate(statement):
        entity = element._annotations.get("parententity")
        if entity is not None and entity.is_aliased_class and entity.mapper.class_ in _policies:
            raise TypeError(f"an alias of {entity.mapper.class_.__name__} is not filtered: ask without one")


@event.listens_for(UserSession, "before_flush")
def _check_rows(session: UserSession, flush: UOWTransaction, instances: object) -> None:
    for row in (*session.new, *session.dirty, *session.deleted):
        policy = _policies.get(type(row))
        if policy is None or (policy.owner and getattr(row, policy.owner) == session.user_id):
            continue
        raise NotFound(f"no such row of yours in {row.__tablename__}")
