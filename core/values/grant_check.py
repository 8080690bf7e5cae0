"""What is wrong with a grant's fields, and whether they would widen what the configuration allows."""

from __future__ import annotations

from collections.abc import Iterator

from core.errors import FieldProblem
from core.policy.patterns import check_patterns
from core.values.configuration import ConfigurationFields
from core.values.grant import Approval, GrantFields

# The grant's limit and the configuration's that it may lower.
_LIMITS = (
    ("daily_email_limit", "max_emails_per_day"),
    ("recipients_per_email_limit", "max_recipients_per_email"),
)
_LISTS = ("allowed_recipients", "blocked_recipients")
_PERMISSIONS = ("can_send_email", "can_send_attachments", "can_use_custom_from", "is_active")


def check_grant(fields: GrantFields, configuration: ConfigurationFields | None) -> tuple[FieldProblem, ...]:
    """Every problem with `fields`; `problem.field` names the attribute, or "allowed_recipients[2]".

    Without `configuration` the limits are not compared with its own.
    """
    return tuple(_problems(fields, configuration))


def _problems(fields: GrantFields, configuration: ConfigurationFields | None) -> Iterator[FieldProblem]:
    for field in _PERMISSIONS:
        if not isinstance(getattr(fields, field), bool):
            yield FieldProblem(field, "this is neither yes nor no", "Choose one of them.")
    for field, upper in _LIMITS:
        limit = getattr(fields, field)
        if limit is None:
            continue
        highest = None if configuration is None else getattr(configuration, upper)
        if not isinstance(limit, int) or isinstance(limit, bool) or limit <= 0:
            remedy = "Leave it empty for the configuration's limit; to let nothing out, switch the grant off."
            yield FieldProblem(field, "the limit is not a whole number above 0", remedy)
        elif highest is not None and limit > highest:
            message = f"the limit is above the configuration's {highest:,}"
            yield FieldProblem(field, message, f"A grant may only lower it: {highest:,} or less, or empty.")
    for field in _LISTS:
        patterns = getattr(fields, field)
        if patterns is not None:
            yield from check_patterns(patterns, field=field)
    if fields.approval not in tuple(Approval):
        remedy = f"Choose one of {', '.join(Approval)}."
        yield FieldProblem("approval", "there is no such choice", remedy)
    if fields.expires_at is not None and fields.expires_at.utcoffset() is None:
        yield FieldProblem("expires_at", "the time has no zone", "Give it in UTC.")
