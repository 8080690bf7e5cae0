"""Agents, grants and tokens in the words of the screen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from textual.content import Content

from core.values.agent import AgentRow, TokenRow
from core.values.configuration import ConfigurationRow
from core.values.grant import Approval, GrantRow
from tui.safe import inert, sanitise
from tui.widgets.facts import Fact
from tui.widgets.rows import Column, Row
from tui.wording import ago, bar, dim, exact, marked, number, plural, until

AGENT_COLUMNS: Final = (
    Column(title="Agent", flex=1, at_least=10),
    Column(title="State"),
    Column(title="Grants", right=True),
    Column(title="Tokens", right=True, from_width=48),
    Column(title="Last used"),
)

GRANT_COLUMNS: Final = (
    Column(title="Configuration", flex=1, at_least=12),
    Column(title="May"),
    Column(title="To", flex=1, from_width=60),
    Column(title="State"),
    Column(title="Today", right=True),
)

TOKEN_COLUMNS: Final = (
    Column(title="Token", flex=1, at_least=10),
    Column(title="Begins with"),
    Column(title="State"),
    Column(title="Last used"),
)

APPROVAL: Final = {
    Approval.NEVER: "never: what is allowed leaves at once",
    Approval.NEW_RECIPIENTS: "for someone it has not written to yet",
    Approval.ALWAYS: "for every mail",
}

STATE_MARK: Final = {"active": "ok", "off": "off", "revoked": "ended", "expired": "ended"}


def agent_row(agent: AgentRow, now: datetime) -> Row[UUID]:
    """One line of the agents."""
    return Row(
        agent.id,
        (
            inert(agent.name, "bold"),
            marked("ok", "active") if agent.is_active else marked("off", "paused"),
            _count(agent.grants),
            _count(agent.tokens),
            dim(ago(agent.last_used_at, now)),
        ),
    )


def _count(value: int) -> Content:
    return Content(number(value)) if value else dim("–")


def grant_state(grant: GrantRow, now: datetime) -> Content:
    """Active with its end, off, expired or revoked."""
    state = grant.state(now)
    words = {
        "active": "active",
        "off": "switched off",
        "revoked": f"revoked {ago(grant.revoked_at, now)}",
    }.get(state, f"expired {ago(grant.fields.expires_at, now)}")
    ends = grant.fields.expires_at
    if state == "active" and ends is not None:
        words = f"ends {until(ends, now)}"
        if ends - now < timedelta(days=7):
            return marked("held", words)
    return marked(STATE_MARK[state], words)


def grant_row(grant: GrantRow, limit: int | None, now: datetime) -> Row[UUID]:
    """One line of an agent's grants. `limit`: the mails a day that hold, see `daily_limit`."""
    ended = grant.state(now) in ("revoked", "expired")
    return Row(
        grant.id,
        (
            inert(grant.connection_name, "$gate-dim" if ended else "bold"),
            may(grant),
            Content(recipients(grant)),
            grant_state(grant, now),
            used(grant, limit),
        ),
    )


def may(grant: GrantRow) -> Content:
    """`send files from`, with what is not given left out; and whether it waits for approval."""
    fields = grant.fields
    given = [
        word
        for word, on in (
            ("send", fields.can_send_email),
            ("files", fields.can_send_attachments),
            ("From", fields.can_use_custom_from),
        )
        if on
    ]
    words = Content(" ".join(given) if given else "nothing")
    return words if fields.approval is Approval.NEVER else Content.assemble(words, (" ◌ asks", "$warning"))


def recipients(grant: GrantRow) -> str:
    """To whom, in a few words; patterns are in the facts."""
    allowed, blocked = grant.fields.allowed_recipients, grant.fields.blocked_recipients
    if allowed is None:
        words = "anybody"
    elif not allowed:
        words = "nobody"
    else:
        words = f"only {sanitise(allowed[0], limit=18)}" + (
            f" +{len(allowed) - 1}" if len(allowed) > 1 else ""
        )
    return f"{words}, not {len(blocked)}" if blocked else words


def daily_limit(grant: GrantRow, configuration: ConfigurationRow | None) -> int | None:
    """The limit that holds: the grant may only lower the configuration's. None when neither is known."""
    known = [
        grant.fields.daily_email_limit,
        configuration.fields.max_emails_per_day if configuration else None,
    ]
    return min((limit for limit in known if limit is not None), default=None)


def used(grant: GrantRow, limit: int | None) -> Content:
    """`7/50`."""
    if limit is None:
        return Content(number(grant.sent_today))
    return Content.assemble(number(grant.sent_today), (f"/{number(limit)}", "$gate-dim"))


def grant_facts(grant: GrantRow, configuration: ConfigurationRow | None, now: datetime) -> list[Fact]:
    """Everything about one grant."""
    fields = grant.fields
    limit = daily_limit(grant, configuration)
    today = used(grant, limit)
    if limit is not None:
        style = "$error" if grant.sent_today >= limit else "$primary"
        today = Content.assemble(today, "  ", bar(grant.sent_today, limit, 12, style))
    return [
        Fact("State", grant_state(grant, now)),
        Fact(
            "May",
            Content.assemble(
                _yes_no("send", on=fields.can_send_email),
                "   ",
                _yes_no("attachments", on=fields.can_send_attachments),
                "   ",
                _yes_no("custom From", on=fields.can_use_custom_from),
            ),
        ),
        Fact("Used today", today),
        Fact("Mails a day", _limit(fields.daily_email_limit)),
        Fact("Per mail", _limit(fields.recipients_per_email_limit, "recipient")),
        Fact("May write to", _patterns(fields.allowed_recipients, none="anybody", empty="nobody")),
        Fact("Never to", _patterns(fields.blocked_recipients, none="–", empty="–")),
        Fact("Asks you", Content(APPROVAL[fields.approval])),
        Fact(
            "Expires",
            dim("never")
            if fields.expires_at is None
            else Content.assemble(
                until(fields.expires_at, now), (f"  {exact(fields.expires_at)}", "$gate-dim")
            ),
        ),
        Fact("Granted", dim(exact(grant.granted_at))),
        *([Fact("Revoked", dim(exact(grant.revoked_at)))] if grant.revoked_at else []),
        Fact("Id", dim(str(grant.id))),
    ]


def _yes_no(words: str, *, on: bool) -> Content:
    return (
        Content.assemble((words, ""), (" ✓", "$success")) if on else Content.styled(f"{words} ✕", "$gate-dim")
    )


def _limit(value: int | None, of: str = "mail") -> Content:
    return dim("as the configuration says") if value is None else Content(f"at most {plural(value, of)}")


def _patterns(patterns: tuple[str, ...] | None, *, none: str, empty: str) -> Content:
    if patterns is None:
        return dim(none)
    return inert("\n".join(patterns), multiline=True) if patterns else dim(empty)


def revoke_consequence(grant: GrantRow) -> Content:
    """What follows from revoking, spelled out."""
    agent, configuration = sanitise(grant.agent_name), sanitise(grant.connection_name)
    return Content(
        f"{agent} can't send through “{configuration}” from then on; what it tries is denied and logged.\n\n"
        "Mail of it that still waits is not sent. You can grant it anew at any time."
    )


def token_state(token: TokenRow, now: datetime) -> Content:
    """Opens, with its end; or revoked, or expired."""
    if token.revoked_at is not None:
        return marked("ended", f"revoked {ago(token.revoked_at, now)}")
    if token.expires_at is not None and token.expires_at <= now:
        return marked("ended", f"expired {ago(token.expires_at, now)}")
    return marked("ok", "opens" if token.expires_at is None else f"ends {until(token.expires_at, now)}")


def token_row(token: TokenRow, now: datetime) -> Row[UUID]:
    """One line of an agent's tokens."""
    return Row(
        token.id,
        (
            inert(token.name, "bold"),
            inert(f"{token.hint}…", "$gate-dim"),
            token_state(token, now),
            dim(ago(token.last_used_at, now)),
        ),
    )


def token_consequence(token: TokenRow) -> Content:
    """What follows from revoking a token, spelled out."""
    return Content(
        f"Whoever holds “{sanitise(token.name)}” is turned away from then on. This can't be undone; "
        "you can make a new token and hand it over."
    )
