"""Users: the first one of a new workspace, and which one a person means."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.errors import Conflict, FieldProblem, InvalidInput, UnknownUser
from core.models import User
from core.policy.address import AddressError, parse_mailbox
from core.values.agent import UserRow

USER_VARIABLE = "GATEPOST_USER"
# Who owns a workspace that nobody has named an owner for.
FIRST_USER = "owner@localhost"


def create_user(session: Session, email: str, display_name: str | None = None) -> UserRow:
    """Register a user. Raises InvalidInput, Conflict."""
    try:
        address = parse_mailbox(email).address
    except AddressError as error:
        raise InvalidInput((FieldProblem("email", str(error)),)) from error
    if any(_is_same(other.email, address) for other in session.scalars(select(User))):
        raise Conflict(f"there is a user {address} already")
    user = User(email=address, display_name=display_name)
    session.add(user)
    try:
        session.flush()
    except IntegrityError:
        raise Conflict(f"there is a user {address} already") from None
    return _row(user)


def find_user(session: Session, email: str | None) -> UserRow:
    """The user of that address, or the only one there is. Raises UnknownUser."""
    statement = select(User).where(User.is_active)
    if email:
        user = next((each for each in session.scalars(statement) if _is_same(each.email, email)), None)
        if user is None:
            raise UnknownUser(f"this workspace has no user {email}")
        return _row(user)
    users = session.scalars(statement.order_by(User.created_at).limit(2)).all()
    if not users:
        raise UnknownUser("this workspace has no user yet")
    if len(users) > 1:
        raise UnknownUser("this workspace has several users, and none was named")
    return _row(users[0])


def _is_same(stored: str, given: str) -> bool:
    """Compared here, as databases differ in what they call the same letter."""
    return stored.casefold() == given.strip().casefold()


def all_users(session: Session) -> list[UserRow]:
    """Every user of the workspace, by address."""
    return [_row(user) for user in session.scalars(select(User).where(User.is_active).order_by(User.email))]


def _row(user: User) -> UserRow:
    return UserRow(id=user.id, email=user.email, display_name=user.display_name)
