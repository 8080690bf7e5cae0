"""SMTP configurations: list, create, edit, test, archive."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from core.audit.record import clean, log_smtp_operation
from core.db.types import new_id
from core.delivery.standing import revision_of
from core.delivery.transport import ServerSettings
from core.errors import FieldProblem, InvalidInput, ServerTimeout
from core.models import SmtpConfiguration, UserOAuthConnection
from core.services.configuration_rows import (
    columns_of,
    load,
    name_is_free,
    read_row,
    read_rows,
    update_connection,
    write_connection,
)
from core.services.context import Context, find
from core.values.configuration import (
    AuthMechanism,
    CheckStatus,
    ConfigurationFields,
    ConfigurationRow,
    TestReport,
)
from core.values.configuration_check import check_configuration
from core.values.operation import LogStatus, OperationType, Outcome
from core.vault.secret import Secret

PASSWORD_PURPOSE = "smtp-password"  # noqa: S105 - what the secret is for, not a secret


class Configurations:
    """The user's SMTP configurations."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def list(self, *, include_archived: bool = False) -> list[ConfigurationRow]:
        """All of the user's configurations, by name."""
        now = self._context.clock.now()
        rows = await self._context.database.read(lambda session: read_rows(session, now))
        return [row for row in rows if include_archived or row.archived_at is None]

    async def get(self, name_or_id: str | UUID) -> ConfigurationRow:
        """One by name, id, or the beginning of its id. Raises NotFound, Conflict when several fit."""
        return find(await self.list(include_archived=True), name_or_id, what="configuration")

    async def create(self, fields: ConfigurationFields, password: Secret | None) -> ConfigurationRow:
        """Save a new configuration, its password in the vault. Raises InvalidInput, Conflict, VaultError."""
        check(fields, has_password=bool(password))
        context = self._context
        configuration_id = new_id()

        def work(session: Session) -> ConfigurationRow:
            secret_id = ""
            if password and fields.auth_mechanism is not AuthMechanism.NONE:
                secret_id = str(
                    context.vault.put(
                        session, owner_id=context.user.id, purpose=PASSWORD_PURPOSE, secret=password
                    )
                )
            with name_is_free(fields.connection_name):
                session.execute(
                    insert(SmtpConfiguration).values(
                        id=configuration_id,
                        user_id=context.user.id,
                        vault_password_id=secret_id,
                        **columns_of(fields),
                    )
                )
            write_connection(session, context.user.id, configuration_id, fields)
            return read_row(session, configuration_id, context.clock.now())

        return await context.database.write(work)

    async def edit(
        self, configuration_id: UUID, fields: ConfigurationFields, password: Secret | None = None
    ) -> ConfigurationRow:
        """Save changes; without a password the one in the vault stays. Raises as `create`, and WrongState."""
        context = self._context

        def work(session: Session) -> ConfigurationRow:
            row = load(session, configuration_id)
            check(fields, has_password=bool(password) or bool(row.vault_password_id))
            secret_id = self._keep_password(session, row.vault_password_id, fields, password)
            with name_is_free(fields.connection_name):
                session.execute(
                    update(SmtpConfiguration)
                    .where(SmtpConfiguration.id == configuration_id)
                    .values(vault_password_id=secret_id, **columns_of(fields))
                )
            update_connection(session, configuration_id, fields)
            return read_row(session, configuration_id, context.clock.now())

        return await context.database.write(work)

    async def archive(self, configuration_id: UUID) -> ConfigurationRow:
        """Take it out of use for good: nothing leaves through it, its password is destroyed, its log stays."""
        context = self._context

        def work(session: Session) -> ConfigurationRow:
            row = load(session, configuration_id)
            now = context.clock.now()
            if row.vault_password_id:
                context.vault.destroy(
                    session, owner_id=context.user.id, secret_id=UUID(row.vault_password_id), now=now
                )
            session.execute(
                update(SmtpConfiguration)
                .where(SmtpConfiguration.id == configuration_id)
                .values(archived_at=now, is_active=False, vault_password_id="")
            )
            session.execute(
                update(UserOAuthConnection)
                .where(UserOAuthConnection.vault_access_token_id == str(configuration_id))
                .values(connection_status="revoked")
            )
            return read_row(session, configuration_id, now)

        return await context.database.write(work)

    async def test(self, configuration_id: UUID) -> TestReport:
        """Walk the way to the server up to authentication, sending nothing. Logged, and kept as the last test."""
        context = self._context

        def read(session: Session) -> tuple[ConfigurationRow, str]:
            stored = load(session, configuration_id)
            return read_row(session, configuration_id, context.clock.now()), stored.vault_password_id

        row, secret_id = await context.database.read(read)

        async def unlock() -> Secret:
            return await context.database.read(
                lambda session: context.vault.get(
                    session, owner_id=context.user.id, secret_id=UUID(secret_id), purpose=PASSWORD_PURPOSE
                )
            )

        report = await context.transport.probe(
            server_settings(row.id, row.fields, revision_of(row.updated_at)), unlock
        )
        await context.database.write(lambda session: self._record_test(session, row, report))
        context.log_signal.notify()
        return report

    async def try_out(self, fields: ConfigurationFields, password: Secret | None) -> TestReport:
        """Test what is not saved yet. Nothing is logged or kept. Raises InvalidInput."""
        check(fields, has_password=bool(password))

        async def unlock() -> Secret:
            return password or Secret("")

        return await self._context.transport.probe(server_settings(new_id(), fields, 0), unlock)

    def _keep_password(
        self, session: Session, secret_id: str, fields: ConfigurationFields, password: Secret | None
    ) -> str:
        """The id of the secret after an edit: destroyed, replaced, put in, or as it was."""
        vault, owner = self._context.vault, self._context.user.id
        if fields.auth_mechanism is AuthMechanism.NONE:
            if secret_id:
                vault.destroy(
                    session, owner_id=owner, secret_id=UUID(secret_id), now=self._context.clock.now()
                )
            return ""
        if not password:
            return secret_id
        if not secret_id:
            return str(vault.put(session, owner_id=owner, purpose=PASSWORD_PURPOSE, secret=password))
        vault.replace(
            session, owner_id=owner, secret_id=UUID(secret_id), purpose=PASSWORD_PURPOSE, secret=password
        )
        return secret_id

    def _record_test(self, session: Session, row: ConfigurationRow, report: TestReport) -> None:
        now = self._context.clock.now()
        # The row's own time of change stays: a test changes nothing, and kept connections stay good.
        session.execute(
            update(SmtpConfiguration)
            .where(SmtpConfiguration.id == row.id)
            .values(
                last_tested_at=now,
                test_status=(CheckStatus.SUCCESS if report.ok else CheckStatus.FAILED).value,
                test_error_message=clean(report.error_message),
                updated_at=SmtpConfiguration.updated_at,
            )
        )
        log_smtp_operation(
            session,
            None,
            row.user_id,
            row.id,
            OperationType.TEST_CONNECTION,
            {"host": row.fields.host, "port": row.fields.port, "security": row.fields.security.value},
            {
                "steps": [
                    {"name": step.name, "status": step.status.value, "detail": step.detail}
                    for step in report.steps
                ],
                **({"remedy": report.remedy} if report.remedy else {}),
            },
            _test_status(report),
            report.error_message,
            0,
            report.took_ms,
            outcome=Outcome.TESTED if report.ok else Outcome.FAILED,
            error_code=report.error_code,
        )


def check(fields: ConfigurationFields, *, has_password: bool) -> None:
    """Raise InvalidInput with every problem of the fields, a missing password among them."""
    problems = check_configuration(fields)
    if fields.auth_mechanism is not AuthMechanism.NONE and not has_password:
        problems += (
            FieldProblem(
                "password", "is missing", "Give the password, or choose no authentication if none is wanted."
            ),
        )
    if problems:
        raise InvalidInput(problems)


def server_settings(configuration_id: UUID, fields: ConfigurationFields, revision: int) -> ServerSettings:
    """Where and how a configuration connects."""
    return ServerSettings(
        configuration_id=configuration_id,
        host=fields.host,
        port=fields.port,
        security=fields.security,
        auth_mechanism=fields.auth_mechanism,
        username=fields.username,
        revision=revision,
        connection_timeout=fields.connection_timeout,
        greeting_timeout=fields.greeting_timeout,
        socket_timeout=fields.socket_timeout,
        ca_certificate=fields.ca_certificate,
    )


def _test_status(report: TestReport) -> LogStatus:
    if report.ok:
        return LogStatus.SUCCESS
    return LogStatus.TIMEOUT if report.error_code == ServerTimeout.code else LogStatus.ERROR
