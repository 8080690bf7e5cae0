"""The metadata that all tables share, and the columns that most of them have."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import MetaData, Table, Text, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from core.db.types import UtcDateTime, new_id, random_uuid, utc_now

# Named constraints: migrations and error messages can speak of them.
NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "%(table_name)s_%(constraint_name)s_check",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The root of all models."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {str: Text()}  # noqa: RUF012 - SQLAlchemy reads it from the class


def table_of(model: type[Base]) -> Table:
    """The plain table of a model, for statements that are built once and run for every mail."""
    table = model.__table__
    assert isinstance(table, Table)
    return table


class Identified:
    """A row with a time-ordered UUID of its own."""

    id: Mapped[UUID] = mapped_column(
        primary_key=True, default=new_id, server_default=random_uuid(), sort_order=-1
    )


class Created:
    """A row that knows when it came to be."""

    created_at: Mapped[datetime] = mapped_column(
        UtcDateTime, default=utc_now, server_default=func.now(), sort_order=100
    )


class Timestamped(Created):
    """A row that knows when it came to be and when it last changed."""

    updated_at: Mapped[datetime] = mapped_column(
        UtcDateTime, default=utc_now, onupdate=utc_now, server_default=func.now(), sort_order=101
    )
