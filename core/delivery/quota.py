"""Taking from a limit: counter rows that no number of concurrent senders can push past it.

Configuration first, then grant, always in that order, so that two senders never wait for each other in a circle.
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import BigInteger, Date, Integer, Text, Uuid, bindparam, text
from sqlalchemy.orm import Session

from core.db.prepared import Prepared

CONFIGURATION_SCOPE = "smtp_configuration"
GRANT_SCOPE = "smtp_grant"

# INSERT … SELECT … WHERE guards the first row of the day as well: VALUES would let one through a limit of 0.
_RESERVE = Prepared(
    text(
        """
    INSERT INTO quota_usage (scope_id, day, scope, user_id, mails, recipients)
    SELECT :scope_id, :day, :scope, :user_id, 1, :recipients WHERE 1 <= :most
    ON CONFLICT (scope_id, day) DO UPDATE
       SET mails = quota_usage.mails + 1, recipients = quota_usage.recipients + excluded.recipients
     WHERE quota_usage.mails + 1 <= :most
    RETURNING mails
    """
    ).bindparams(
        bindparam("scope_id", type_=Uuid()),
        bindparam("day", type_=Date()),
        bindparam("scope", type_=Text()),
        bindparam("user_id", type_=Uuid()),
        bindparam("recipients", type_=Integer()),
        bindparam("most", type_=BigInteger()),
    )
)

# No limit of the grant's own: the counter is kept all the same, and the configuration's limit holds.
UNLIMITED = 2**31 - 1


def reserve(
    session: Session,
    *,
    scope: str,
    scope_id: UUID,
    user_id: UUID,
    day: dt.date,
    recipients: int,
    limit: int | None,
) -> bool:
    """Take one mail from the day's limit of one configuration or grant; False when it is used up.

    Part of the caller's transaction: what is rolled back was never taken.
    """
    taken = _RESERVE.change(
        session,
        {
            "scope_id": scope_id,
            "day": day,
            "scope": scope,
            "user_id": user_id,
            "recipients": recipients,
            "most": UNLIMITED if limit is None else limit,
        },
    )
    return taken == 1
