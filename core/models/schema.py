"""Making the tables of a new workspace, and recognising those of an old, a newer or a foreign one."""

from __future__ import annotations

from sqlalchemy import func, insert, inspect, select
from sqlalchemy.orm import Session

from core.db.base import Base
from core.errors import DatabaseForeign, DatabaseMissing, DatabaseNewer
from core.models.oauth import OAuthProvider
from core.models.workspace import SCHEMA_VERSION, WorkspaceInfo

# The schema document's provider row: (name, display_name, provider_type).
SMTP_PROVIDER = ("smtp", "SMTP Email", "api_key")

_SETUP_LOCK = 0x67617465  # "gate": two programs that set up the same PostgreSQL database take turns


def ensure_schema(session: Session, *, create: bool) -> bool:
    """Make the tables where there are none; return whether that was done.

    Raises DatabaseNewer, DatabaseForeign, and DatabaseMissing where nothing may be made. Changes nothing then.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_SETUP_LOCK)))
    existing = set(inspect(connection).get_table_names())
    if WorkspaceInfo.__tablename__ in existing:
        _check_version(session)
        return False
    ours = set(Base.metadata.tables)
    if existing & ours or (existing and connection.dialect.name == "sqlite"):
        raise DatabaseForeign("the database holds tables, but not those of a Gatepost workspace")
    if not create:
        raise DatabaseMissing("the database is empty: there is no workspace in it")
    Base.metadata.create_all(connection)
    name, display_name, provider_type = SMTP_PROVIDER
    session.execute(
        insert(OAuthProvider).values(name=name, display_name=display_name, provider_type=provider_type)
    )
    session.execute(insert(WorkspaceInfo).values(key="schema_version", value=str(SCHEMA_VERSION)))
    return True


def _check_version(session: Session) -> None:
    value = session.scalar(select(WorkspaceInfo.value).where(WorkspaceInfo.key == "schema_version"))
    if value is None or not value.isascii() or not value.isdigit():
        raise DatabaseForeign("the database does not say which schema version it has")
    if int(value) > SCHEMA_VERSION:
        raise DatabaseNewer(
            f"the workspace has schema version {value}, this program knows up to {SCHEMA_VERSION}"
        )
