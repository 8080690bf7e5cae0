"""The policy: one draft and the facts about its agent, grant and configuration in, one verdict out.

Pure: no clock, no database. Every rule is asked, so that a person sees all reasons at once.
What can't be read (a permission of NULL, a pattern or word that no version knows) never counts as given.
"""

from __future__ import annotations

from datetime import datetime

from core.policy.address import AddressError, Mailbox, parse_mailbox
from core.policy.draft import Draft
from core.policy.facts import AgentFacts, ConfigurationFacts, Facts, GrantFacts
from core.policy.patterns import PatternError, RecipientList
from core.policy.verdict import Check, Decision, Rule, Verdict
from core.policy.wording import counted, listed, moment_text, octets

# The words of `core.values.grant.Approval`, which stands above this room.
_APPROVAL_NEVER = "never"
_APPROVAL_NEW_RECIPIENTS = "new_recipients"
_APPROVAL_ALWAYS = "always"


def judge(draft: Draft, facts: Facts) -> Verdict:
    """Whether `draft` may leave, by every rule in the order of `Rule`.

    Denied if any failing check denies, else held if any failing check asks for approval, else allowed.
    Without a grant only the agent and the missing grant are reported: nothing tells whether the
    configuration exists.
    """
    agent, configuration, grant = facts.agent, facts.configuration, facts.grant
    if configuration is None or grant is None:
        return _verdict(
            _agent_active(agent),
            Check(
                rule=Rule.GRANTED,
                passed=False,
                detail="this agent may not use a configuration of that name, or there is none",
                remedy="Ask the owner for a grant, or name another configuration.",
            ),
        )
    return _verdict(
        _draft_valid(draft),
        _agent_active(agent),
        Check(rule=Rule.GRANTED, passed=True, detail=f"granted to {agent.name} for {configuration.name}"),
        _grant_active(grant),
        _grant_not_expired(grant, facts.now),
        _configuration_active(configuration),
        _configuration_not_archived(configuration),
        _can_send_email(grant),
        _can_send_attachments(draft, grant),
        _can_use_custom_from(draft, grant, configuration),
        _recipients_allowed(draft, grant),
        _recipients_not_blocked(draft, grant),
        _recipients_per_email(draft, grant, configuration),
        _daily_limit_grant(grant),
        _daily_limit_configuration(configuration),
        _size(draft, configuration),
        _approval(draft, grant),
    )


def _verdict(*checks: Check) -> Verdict:
    failed = [check for check in checks if not check.passed]
    if not failed:
        decision = Decision.ALLOWED
    elif all(check.holds for check in failed):
        decision = Decision.HELD
    else:
        decision = Decision.DENIED
    return Verdict(decision=decision, checks=checks)


def _draft_valid(draft: Draft) -> Check:
    recipients = draft.recipients
    passed = bool(recipients) and len({mailbox.address for mailbox in recipients}) == len(recipients)
    return Check(
        rule=Rule.DRAFT_VALID,
        passed=passed,
        detail=f"{counted(len(recipients), 'recipient')}, {counted(len(draft.attachments), 'attachment')}, \
{octets(draft.size_bytes)}",
        remedy="" if passed else "Name at least one recipient, each address once.",
    )


def _agent_active(agent: AgentFacts) -> Check:
    passed = agent.is_active is True
    return Check(
        rule=Rule.AGENT_ACTIVE,
        passed=passed,
        detail=f"{agent.name} is {'active' if passed else 'paused'}",
        remedy="" if passed else "The owner can resume the agent.",
    )


def _grant_active(grant: GrantFacts) -> Check:
    revoked = grant.is_revoked is not False
    passed = grant.is_active is True and not revoked
    return Check(
        rule=Rule.GRANT_ACTIVE,
        passed=passed,
        detail=f"the grant is {'active' if passed else 'revoked' if revoked else 'switched off'}",
        remedy=""
        if passed
        else "The owner can give the grant anew."
        if revoked
        else "The owner can switch it on.",
    )


def _grant_not_expired(grant: GrantFacts, now: datetime) -> Check:
    expires_at = grant.expires_at
    if expires_at is None:
        return Check(rule=Rule.GRANT_NOT_EXPIRED, passed=True, detail="the grant does not expire")
    if expires_at.utcoffset() is None or now.utcoffset() is None:
        detail = "the end of the grant can't be compared, as a time has no zone"
        return Check(
            rule=Rule.GRANT_NOT_EXPIRED, passed=False, detail=detail, remedy="The owner can set it anew."
        )
    passed = now < expires_at
    return Check(
        rule=Rule.GRANT_NOT_EXPIRED,
        passed=passed,
        detail=f"{'expires' if passed else 'expired'} {moment_text(expires_at)}",
        remedy="" if passed else "The owner can extend the grant.",
    )


def _configuration_active(configuration: ConfigurationFacts) -> Check:
    passed = configuration.is_active is True
    return Check(
        rule=Rule.CONFIGURATION_ACTIVE,
        passed=passed,
        detail=f"{configuration.name} is {'active' if passed else 'switched off'}",
        remedy="" if passed else "The owner can switch the configuration on.",
    )


def _configuration_not_archived(configuration: ConfigurationFacts) -> Check:
    passed = configuration.is_archived is False
    return Check(
        rule=Rule.CONFIGURATION_NOT_ARCHIVED,
        passed=passed,
        detail=f"{configuration.name} is {'not archived' if passed else 'archived'}",
        remedy="" if passed else "An archived configuration sends nothing any more: use another.",
    )


def _can_send_email(grant: GrantFacts) -> Check:
    passed = grant.can_send_email is True
    return Check(
        rule=Rule.CAN_SEND_EMAIL,
        passed=passed,
        detail=f"the grant {'lets' if passed else 'does not let'} the agent send mail",
        remedy="" if passed else "The owner can allow it in the grant.",
    )


def _can_send_attachments(draft: Draft, grant: GrantFacts) -> Check:
    if not draft.attachments:
        return Check(rule=Rule.CAN_SEND_ATTACHMENTS, passed=True, detail="no attachments")
    passed = grant.can_send_attachments is True
    return Check(
        rule=Rule.CAN_SEND_ATTACHMENTS,
        passed=passed,
        detail=f"{counted(len(draft.attachments), 'attachment')}, \
which the grant {'allows' if passed else 'does not allow'}",
        remedy="" if passed else "Send the mail without attachments, or ask the owner to allow them.",
    )


def _can_use_custom_from(draft: Draft, grant: GrantFacts, configuration: ConfigurationFacts) -> Check:
    custom = _custom_sender(draft, configuration)
    if not custom:
        return Check(
            rule=Rule.CAN_USE_CUSTOM_FROM, passed=True, detail=f"sends as {configuration.from_email}"
        )
    passed = grant.can_use_custom_from is True
    return Check(
        rule=Rule.CAN_USE_CUSTOM_FROM,
        passed=passed,
        detail=f"asks for {', '.join(custom)} of its own, \
which the grant {'allows' if passed else 'does not allow'}",
        remedy=""
        if passed
        else "Leave them to the configuration, or ask the owner to allow a sender of its own.",
    )


def _custom_sender(draft: Draft, configuration: ConfigurationFacts) -> list[str]:
    """What of the sender differs from the configuration's; asking for just what it has is no difference."""
    own = _address_of(configuration.from_email)
    # Without a Reply-To, answers go to From.
    answers = _address_of(configuration.reply_to_email) if configuration.reply_to_email else own
    custom = []
    if draft.sender is not None and draft.sender.address != own:
        custom.append(f"the sender {draft.sender.address}")
    if draft.sender_name is not None and draft.sender_name != configuration.from_name:
        custom.append("a sender's name")
    if draft.reply_to is not None and draft.reply_to.address != answers:
        custom.append(f"the reply address {draft.reply_to.address}")
    return custom


def _recipients_allowed(draft: Draft, grant: GrantFacts) -> Check:
    rule = Rule.RECIPIENTS_ALLOWED
    if grant.allowed_recipients is None:
        return Check(rule=rule, passed=True, detail="the grant does not restrict recipients")
    if not grant.allowed_recipients:
        remedy = "The owner can add recipients to the grant, or lift the restriction."
        return Check(rule=rule, passed=False, detail="the grant allows nobody", remedy=remedy)
    try:
        allowed = RecipientList.compile(grant.allowed_recipients)
    except PatternError as error:
        return _unreadable_list(rule, error)
    by_pattern = [(mailbox, allowed.allowing(mailbox)) for mailbox in draft.recipients]
    refused = [mailbox.address for mailbox, pattern in by_pattern if pattern is None]
    if refused:
        remedy = "Leave them out, or ask the owner to allow them."
        return Check(rule=rule, passed=False, detail=f"not allowed: {listed(refused)}", remedy=remedy)
    named = [f"{mailbox.address} (by {pattern})" for mailbox, pattern in by_pattern]
    return Check(rule=rule, passed=True, detail=f"allowed: {listed(named)}")


def _recipients_not_blocked(draft: Draft, grant: GrantFacts) -> Check:
    rule = Rule.RECIPIENTS_NOT_BLOCKED
    if not grant.blocked_recipients:
        return Check(rule=rule, passed=True, detail="the grant blocks nobody")
    try:
        blocked = RecipientList.compile(grant.blocked_recipients)
    except PatternError as error:
        return _unreadable_list(rule, error)
    by_pattern = [(mailbox, blocked.blocking(mailbox)) for mailbox in draft.recipients]
    named = [f"{mailbox.address} (by {pattern})" for mailbox, pattern in by_pattern if pattern is not None]
    if named:
        remedy = "Leave them out: a block outweighs every permission."
        return Check(rule=rule, passed=False, detail=f"blocked: {listed(named)}", remedy=remedy)
    return Check(rule=rule, passed=True, detail="no recipient is blocked")


def _unreadable_list(rule: Rule, error: PatternError) -> Check:
    detail = f"a pattern in the grant's list can't be read, so it lets nobody pass: {error}"
    return Check(rule=rule, passed=False, detail=detail, remedy="The owner can correct the grant.")


def _recipients_per_email(draft: Draft, grant: GrantFacts, configuration: ConfigurationFacts) -> Check:
    count, limit, whose = len(draft.recipients), configuration.max_recipients_per_email, "the configuration's"
    if grant.recipients_per_email_limit is not None and grant.recipients_per_email_limit < limit:
        limit, whose = grant.recipients_per_email_limit, "the grant's"
    passed = count <= limit
    return Check(
        rule=Rule.RECIPIENTS_PER_EMAIL,
        passed=passed,
        detail=f"{counted(count, 'recipient')}, at most {limit:,} ({whose} limit)",
        remedy="" if passed else "Send several mails, each to fewer recipients.",
    )


def _daily_limit_grant(grant: GrantFacts) -> Check:
    if grant.daily_email_limit is None:
        return Check(
            rule=Rule.DAILY_LIMIT_GRANT, passed=True, detail="the grant has no daily limit of its own"
        )
    return _daily_limit(Rule.DAILY_LIMIT_GRANT, grant.used_today, grant.daily_email_limit)


def _daily_limit_configuration(configuration: ConfigurationFacts) -> Check:
    return _daily_limit(
        Rule.DAILY_LIMIT_CONFIGURATION, configuration.used_today, configuration.max_emails_per_day
    )


def _daily_limit(rule: Rule, used: int, limit: int) -> Check:
    passed = 0 <= used < limit
    remedy = "Wait until 00:00 UTC, when the day turns, or ask the owner to raise the limit."
    return Check(
        rule=rule, passed=passed, detail=f"{used:,} of {limit:,} used today", remedy="" if passed else remedy
    )


def _size(draft: Draft, configuration: ConfigurationFacts) -> Check:
    passed = draft.size_bytes <= configuration.max_message_bytes
    size, limit = octets(draft.size_bytes), octets(configuration.max_message_bytes)
    if size == limit and not passed:
        size, limit = f"{draft.size_bytes:,}", f"{configuration.max_message_bytes:,} bytes"
    return Check(
        rule=Rule.SIZE,
        passed=passed,
        detail=f"{size} of {limit}",
        remedy="" if passed else "Send less in one mail: attachments grow by a third when they are encoded.",
    )


def _approval(draft: Draft, grant: GrantFacts) -> Check:
    rule = Rule.APPROVAL
    if grant.approval == _APPROVAL_NEVER:
        return Check(rule=rule, passed=True, detail="needs no approval")
    remedy = "It waits until the owner approves it."
    if grant.approval == _APPROVAL_ALWAYS:
        detail = "every mail under this grant needs approval"
        return Check(rule=rule, passed=False, holds=True, detail=detail, remedy=remedy)
    if grant.approval == _APPROVAL_NEW_RECIPIENTS:
        new = [
            mailbox.address for mailbox in draft.recipients if mailbox.address not in grant.known_recipients
        ]
        if not new:
            return Check(rule=rule, passed=True, detail="every recipient has been written to before")
        detail = f"first mail to {listed(new)}"
        return Check(rule=rule, passed=False, holds=True, detail=detail, remedy=remedy)
    detail = "the grant's rule for approval is not known to this version"
    return Check(rule=rule, passed=False, detail=detail, remedy="The owner can set it anew.")


def _address_of(text: str) -> str | None:
    try:
        mailbox: Mailbox = parse_mailbox(text)
    except AddressError:
        return None
    return mailbox.address
