"""What a database says of itself: which program and which schema version wrote it."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Base

# Raised with every change of the tables; an older program refuses a newer database.
SCHEMA_VERSION = 1


class WorkspaceInfo(Base):
    """One fact about this workspace, by name (`schema_version`)."""

    __tablename__ = "workspace_info"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
