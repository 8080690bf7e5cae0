"""The one place where a session begins, and where it becomes one user's."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from core.db.row_security import SESSION_OPTIONS, UserSession

SessionMaker = Callable[[Connection], Session]


def user_sessions(user_id: UUID) -> SessionMaker:
    """Sessions that see and write what the policies give this user."""
    return lambda connection: UserSession(connection, user_id)


def operator_sessions(connection: Connection) -> Session:
    """A session of the program itself: for opening a workspace and for proving who somebody is."""
    return Session(bind=connection, **SESSION_OPTIONS)
