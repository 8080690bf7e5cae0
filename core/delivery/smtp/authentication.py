"""Proving to a server who we are: CRAM-MD5, PLAIN or LOGIN, with the password open for that moment only."""

from __future__ import annotations

from base64 import b64encode
from time import perf_counter

from aiosmtplib.auth import auth_crammd5_verify
from aiosmtplib.errors import SMTPAuthenticationError

from core.delivery.smtp import faults
from core.delivery.smtp.faults import Fault, Phase, Reply
from core.delivery.smtp.session import Session
from core.delivery.transport import Unlock
from core.errors import AuthenticationFailed, TlsFailed
from core.values.configuration import AuthMechanism, Security
from core.vault.secret import Secret

_PREFERENCE = (AuthMechanism.CRAM_MD5, AuthMechanism.PLAIN, AuthMechanism.LOGIN)
_CONTINUE = 334
_DONE = 235
# The server knows the command, but not with this mechanism (RFC 4954 4, 6).
_MECHANISM_UNKNOWN = (500, 501, 502, 503, 504, 534)


async def authenticate(session: Session, unlock: Unlock) -> AuthMechanism | None:
    """Authenticate as the settings say; the mechanism that was used, None if the server wants no credentials.

    AUTO without a user name means the same as NONE. AUTO goes on to the next mechanism where the server turns
    out not to know one, and from CRAM-MD5 also where it refuses the credentials: a server that has only
    hashes can't check them that way. So a wrong password is tried twice at most.
    Raises Fault, and whatever `unlock` raises.
    """
    settings = session.settings
    chosen = settings.auth_mechanism
    if chosen is AuthMechanism.NONE or (chosen is AuthMechanism.AUTO and not settings.username):
        return None
    if settings.security is not Security.PLAINTEXT and not session.is_secured:
        raise Fault(TlsFailed("There is no TLS to authenticate in."))
    mechanisms = _usable(session)
    begun = perf_counter()
    password = await unlock()
    session.remember_secrets(password)
    refusal: Reply | None = None
    for mechanism in mechanisms:
        reply = await _exchange(session, mechanism, password)
        if reply.code == _DONE:
            session.timings["auth"] = round((perf_counter() - begun) * 1000)
            return mechanism
        if reply.is_temporary:
            raise faults.refused(settings, Phase.AUTH, reply)
        refusal = reply
        if mechanism is not AuthMechanism.CRAM_MD5 and reply.code not in _MECHANISM_UNKNOWN:
            break
    line = refusal.line if refusal else ""
    raise Fault(
        AuthenticationFailed(
            f"{faults.place(settings)} refused user {faults.clean(settings.username)!r}: {line}"
        ),
        reply=refusal,
    )


def _usable(session: Session) -> tuple[AuthMechanism, ...]:
    """The mechanisms to try, the best first. Raises Fault if the server offers none of them."""
    settings = session.settings
    server = faults.place(settings)
    if not session.mechanisms:
        raise Fault(
            AuthenticationFailed(
                f"{server} offers no authentication.",
                remedy="If it wants no credentials, choose the mechanism 'none'; else check the port.",
            )
        )
    wanted = _PREFERENCE if settings.auth_mechanism is AuthMechanism.AUTO else (settings.auth_mechanism,)
    usable = tuple(mechanism for mechanism in wanted if mechanism.value in session.mechanisms)
    if not usable:
        offered = ", ".join(name.upper() for name in session.mechanisms[:10])
        names = ", ".join(mechanism.value.upper() for mechanism in wanted)
        raise Fault(
            AuthenticationFailed(
                f"{server} offers {faults.shorten(offered)}, but not {names}.",
                remedy="Choose another mechanism, or ask the provider how programs authenticate.",
            )
        )
    return usable


async def _exchange(session: Session, mechanism: AuthMechanism, password: Secret) -> Reply:
    """One authentication exchange (RFC 4954); the server's last reply."""
    user = session.settings.username.encode()
    if mechanism is AuthMechanism.PLAIN:  # RFC 4616
        response = b64encode(b"\0" + user + b"\0" + password.reveal().encode())
        return await session.command(Phase.AUTH, b"AUTH", b"PLAIN", response)
    if mechanism is AuthMechanism.LOGIN:
        # The user name in its own step: some servers don't take it with the command.
        reply = await session.command(Phase.AUTH, b"AUTH", b"LOGIN")
        if reply.code == _CONTINUE:
            reply = await session.command(Phase.AUTH, b64encode(user))
        if reply.code == _CONTINUE:
            reply = await session.command(Phase.AUTH, b64encode(password.reveal().encode()))
        return reply
    reply = await session.command(Phase.AUTH, b"AUTH", b"CRAM-MD5")  # RFC 2195
    if reply.code != _CONTINUE:
        return reply
    try:
        answer = auth_crammd5_verify(user, password.reveal(), reply.text)
    except SMTPAuthenticationError:
        raise faults.not_smtp(session.settings, Phase.AUTH, "a challenge that is not base64") from None
    session.remember_secrets(password, Secret(answer.decode("ascii")))
    return await session.command(Phase.AUTH, answer)
