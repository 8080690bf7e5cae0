"""Every table that belongs to users has a policy; one that is added without fails here."""

from __future__ import annotations

import pytest

import core.models
from core.db.base import Base
from core.db.row_security import policies, protect

# Belong to nobody in particular: a user sees them, or never comes near them.
OF_NOBODY = {"users", "oauth_providers", "vault_keys", "workspace_info"}


def test_every_table_of_users_has_a_policy() -> None:
    protected = {policy.model.__tablename__ for policy in policies()}
    assert set(Base.metadata.tables) - protected == OF_NOBODY


def test_no_table_with_an_owner_is_taken_for_nobodys() -> None:
    for name in OF_NOBODY:
        assert not Base.metadata.tables[name].foreign_keys
        assert "user_id" not in Base.metadata.tables[name].c


def test_the_owner_that_a_policy_names_is_a_column_that_refers_to_users() -> None:
    for policy in policies():
        assert policy.owner is not None
        column = policy.model.__table__.c[policy.owner]
        assert [key.column.table.name for key in column.foreign_keys] == ["users"]


def test_a_table_has_one_policy() -> None:
    with pytest.raises(ValueError, match="has a policy already"):
        protect(core.models.Agent, lambda user: core.models.Agent.user_id == user, owner="user_id")
