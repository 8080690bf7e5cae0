"""AUTH of the capture server: aiosmtpd's PLAIN and LOGIN, CRAM-MD5 beside them, all against one list."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, Any, Final

from aiosmtpd.smtp import MISSING, SMTP, AuthResult, LoginPassword, Session, _AuthMechAttr

if TYPE_CHECKING:
    from dev_server.settings import Logins

MECHANISMS: Final = ("CRAM-MD5", "PLAIN", "LOGIN")
_LONGEST_NAME: Final = 320


class CaptureSession(Session):
    """aiosmtpd's session, without the property that logs a warning at each login."""

    login_data: Any = None


class AuthCommands(SMTP):
    """The AUTH command. A class that is mixed in sets `logins` and the attributes that aiosmtpd reads."""

    # What clients expect to read, byte for byte, in some cases.
    AuthLoginUsernameChallenge = "Username:"
    AuthLoginPasswordChallenge = "Password:"

    logins: Logins

    def offer_auth(self) -> None:
        """Fills the table of mechanisms, once per session that asks for one."""
        self._auth_methods = {
            "CRAM-MD5": _AuthMechAttr(self.auth_CRAM__MD5, is_builtin=True),
            "PLAIN": _AuthMechAttr(self.auth_PLAIN, is_builtin=True),
            "LOGIN": _AuthMechAttr(self.auth_LOGIN, is_builtin=True),
        }

    def auth_user(self) -> str | None:
        """The name that the client logged in with, as text; None if it did not."""
        data: Any = self.session.auth_data if self.session else None
        if not isinstance(data, LoginPassword):
            return None
        return data.login.decode("utf-8", "replace")[:_LONGEST_NAME]

    def check_login(
        self, _server: SMTP, _session: Session, _envelope: object, _mechanism: str, data: Any
    ) -> AuthResult:
        """aiosmtpd's authenticator: the verdict on a name and password that came in clear."""
        if isinstance(self.logins, str):
            accepted = self.logins == "any"
        else:
            # One comparison in any case, so that the time does not tell which names exist.
            wanted = self.logins.get(data.login.decode("utf-8", "replace"))
            accepted = hmac.compare_digest((wanted or "").encode(), data.password) and wanted is not None
        return AuthResult(success=accepted, handled=False, auth_data=data)

    async def auth_CRAM__MD5(self, _: SMTP, args: list[str]) -> AuthResult:  # noqa: N802 - aiosmtpd finds it by name
        """CRAM-MD5 (RFC 2195). Where any login is welcome, the digest can't be checked and is not."""
        if len(args) > 1:
            await self.push("501 5.7.0 CRAM-MD5 takes no initial response")
            return AuthResult(success=False)
        challenge = f"<{secrets.token_hex(12)}@{self.hostname}>".encode()
        answer = await self.challenge_auth(challenge)
        if answer is MISSING:
            return AuthResult(success=False)
        name, _blank, digest = bytes(answer).rpartition(b" ")
        if not name:
            await self.push("501 5.5.2 The answer is not a name, a blank and a digest")
            return AuthResult(success=False)
        if isinstance(self.logins, str):
            accepted = self.logins == "any"
        else:
            wanted = self.logins.get(name.decode("utf-8", "replace"))
            expected = hmac.new((wanted or "").encode(), challenge, "md5").hexdigest()
            accepted = hmac.compare_digest(expected.encode(), digest.lower()) and wanted is not None
        return AuthResult(success=accepted, handled=False, auth_data=LoginPassword(name, b""))
