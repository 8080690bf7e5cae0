"""Writing a past into a workspace: log rows of weeks, and what follows from them, in one transaction."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from core.db.base import Base
from core.db.database import Database
from core.db.types import new_id
from core.db.url import database_url
from core.delivery.quota import CONFIGURATION_SCOPE, GRANT_SCOPE
from core.models import (
    Agent,
    AgentSmtpPermission,
    AgentToken,
    QuotaUsage,
    SmtpConfiguration,
    SmtpOperationLog,
    WrittenRecipient,
)
from core.values.operation import Outcome
from sample_data.history import PastOperation
from sample_data.planting import Planted
from sample_data.values import SampleData

# An archived configuration was given up so long before the present, at most.
ARCHIVED_AGO = timedelta(days=30)


async def write_past(
    url: str, data: SampleData, planted: Planted, operations: Sequence[PastOperation], now: datetime
) -> None:
    """Write the operations, oldest first, and make configurations, agents and grants as old as the data says.

    Mails of today (UTC) are taken from the limits as well, and those who were written to are no longer new. The
    log must be empty: rows stand in the order in which they are written. Raises WorkspaceError.
    """

    def work(session: Session) -> None:
        _age(session, data, planted, now)
        _use_tokens(session, planted, operations)
        _insert(session, SmtpOperationLog, _log_rows(planted, operations))
        _insert(session, QuotaUsage, _usage(planted, operations, now))
        _insert(session, WrittenRecipient, _written(planted, operations))

    # The program itself writes here: a user's sessions can't invent a log.
    database = Database.open(database_url(url), create=False)
    try:
        await database.as_operator().write(work)
    finally:
        await database.close()


def _insert(session: Session, model: type[Base], rows: Iterator[dict[str, Any]]) -> None:
    """All rows in one statement: the ORM's own way would start a new one wherever a NULL comes or goes."""
    values = list(rows)
    if values:
        session.connection().execute(insert(model), values)


def _age(session: Session, data: SampleData, planted: Planted, now: datetime) -> None:
    """Set back when things were made. Their `updated_at` stays, as kept connections are known by it."""
    first_use: dict[str, int] = defaultdict(int)
    for configuration in data.configurations:
        made = now - timedelta(days=configuration.made_days_ago)
        values: dict[str, Any] = {"created_at": made, "updated_at": SmtpConfiguration.updated_at}
        if configuration.archived:
            values["archived_at"] = max(made, now - ARCHIVED_AGO)
        row = planted.configurations[configuration.user, configuration.name]
        session.execute(update(SmtpConfiguration).where(SmtpConfiguration.id == row.id).values(**values))
    for grant in data.grants:
        given = now - timedelta(days=grant.given_days_ago)
        first_use[grant.agent] = max(first_use[grant.agent], grant.given_days_ago)
        session.execute(
            update(AgentSmtpPermission)
            .where(AgentSmtpPermission.id == planted.grants[grant.agent, grant.configuration].id)
            .values(created_at=given, granted_at=given, updated_at=AgentSmtpPermission.updated_at)
        )
    for agent, days in first_use.items():
        session.execute(
            update(Agent)
            .where(Agent.id == planted.agents[agent].id)
            .values(created_at=now - timedelta(days=days), updated_at=Agent.updated_at)
        )


def _use_tokens(session: Session, planted: Planted, operations: Sequence[PastOperation]) -> None:
    """Whoever asked for a mail had shown a token."""
    for agent, moment in {operation.agent: operation.created_at for operation in operations}.items():
        tokens = update(AgentToken).where(AgentToken.agent_id == planted.agents[agent].id)
        session.execute(tokens.values(last_used_at=moment))


def _log_rows(planted: Planted, operations: Sequence[PastOperation]) -> Iterator[dict[str, Any]]:
    for operation in operations:
        yield {
            "id": new_id(),
            "user_id": planted.workspaces[operation.user].user.id,
            "agent_id": planted.agents[operation.agent].id,
            "smtp_config_id": planted.configurations[operation.user, operation.configuration].id,
            "operation_type": operation.operation_type.value,
            "operation_params": dict(operation.params),
            "operation_result": dict(operation.result),
            "recipients_count": operation.recipients_count,
            "has_attachments": operation.has_attachments,
            "email_size_bytes": operation.email_size_bytes,
            "status": operation.status.value,
            "outcome": operation.outcome.value,
            "error_message": operation.error_message,
            "error_code": operation.error_code,
            "execution_time_ms": operation.execution_time_ms,
            "created_at": operation.created_at,
        }


def _usage(planted: Planted, operations: Sequence[PastOperation], now: datetime) -> Iterator[dict[str, Any]]:
    mails: Counter[tuple[str, str, str]] = Counter()
    recipients: Counter[tuple[str, str, str]] = Counter()
    for operation in operations:
        if operation.created_at.date() == now.date() and operation.outcome is not Outcome.DENIED:
            key = operation.user, operation.agent, operation.configuration
            mails[key] += 1
            recipients[key] += operation.recipients_count
    by_configuration: Counter[tuple[str, str]] = Counter()
    recipients_by_configuration: Counter[tuple[str, str]] = Counter()
    for (user, agent, configuration), count in mails.items():
        by_configuration[user, configuration] += count
        recipients_by_configuration[user, configuration] += recipients[user, agent, configuration]
        yield {
            "scope_id": planted.grants[agent, configuration].id,
            "scope": GRANT_SCOPE,
            "day": now.date(),
            "user_id": planted.workspaces[user].user.id,
            "mails": count,
            "recipients": recipients[user, agent, configuration],
        }
    for (user, configuration), count in by_configuration.items():
        yield {
            "scope_id": planted.configurations[user, configuration].id,
            "scope": CONFIGURATION_SCOPE,
            "day": now.date(),
            "user_id": planted.workspaces[user].user.id,
            "mails": count,
            "recipients": recipients_by_configuration[user, configuration],
        }


def _written(planted: Planted, operations: Sequence[PastOperation]) -> Iterator[dict[str, Any]]:
    known: set[tuple[str, str, str]] = set()
    for operation in operations:
        for address in operation.accepted:
            key = operation.agent, operation.configuration, address
            if key not in known:
                known.add(key)
                yield {
                    "grant_id": planted.grants[operation.agent, operation.configuration].id,
                    "address": address,
                    "user_id": planted.workspaces[operation.user].user.id,
                    "first_sent_at": operation.created_at,
                }
