"""Testing the way to a server: the steps of a delivery up to authentication, each with what was seen."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from time import perf_counter

from core.delivery.smtp.authentication import authenticate
from core.delivery.smtp.connecting import Address, resolve
from core.delivery.smtp.faults import Fault
from core.delivery.smtp.session import Session
from core.delivery.smtp.tls import Certificate, Contexts, failed_handshake, looking_context, read_certificate
from core.delivery.transport import ServerSettings, Unlock
from core.errors import GatepostError
from core.values.configuration import Security, StepStatus, TestReport, TestStep

Step = Callable[[], Awaitable[str | None]]


async def probe(
    server: ServerSettings, unlock: Unlock, contexts: Contexts, local_hostname: str | None = None
) -> TestReport:
    """Walk the way to the server and report each step. Never raises for what a server or the vault does."""
    begun = perf_counter()
    walk = _Walk(server, unlock, contexts, local_hostname)
    error: GatepostError | None = None
    steps: list[TestStep] = []
    try:
        for name, step in walk.steps():
            if error is not None:
                steps.append(TestStep(name=name, status=StepStatus.SKIPPED, detail="Not reached."))
                continue
            step_begun = perf_counter()
            status = StepStatus.PASSED
            try:
                detail = await step()
            except Fault as fault:
                error = await walk.explained(fault)
            except GatepostError as caught:  # the vault does not open the password
                error = caught
            if error is not None:
                status, detail = StepStatus.FAILED, str(error)
            elif detail is None:
                status, detail = StepStatus.SKIPPED, walk.why_skipped[name]
            steps.append(
                TestStep(
                    name=name, status=status, detail=detail or "", took_ms=_milliseconds_since(step_begun)
                )
            )
        if error is None:
            await walk.session.quit()
    finally:
        walk.session.abort()
    certificate = walk.certificate
    return TestReport(
        steps=tuple(steps),
        addresses=tuple(dict.fromkeys(address.text for address in walk.addresses)),
        tls_version=walk.tls_version,
        tls_cipher=walk.tls_cipher,
        certificate_subject=certificate.subject if certificate else None,
        certificate_issuer=certificate.issuer if certificate else None,
        certificate_names=certificate.names if certificate else (),
        certificate_expires_at=certificate.expires_at if certificate else None,
        capabilities=walk.session.capabilities,
        authenticated_with=walk.authenticated_with,
        error_code=error.code if error else None,
        error_message=str(error) if error else None,
        remedy=error.remedy if error else None,
        took_ms=_milliseconds_since(begun),
    )


class _Walk:
    """The steps, and what they saw. A step returns its detail, None if it is not asked for."""

    why_skipped = {  # noqa: RUF012 - never changed
        "tls": "The configuration asks for no TLS: only for this machine itself.",
        "authentication": "The configuration has no credentials for this server.",
    }

    def __init__(
        self, server: ServerSettings, unlock: Unlock, contexts: Contexts, local_hostname: str | None
    ) -> None:
        self.session = Session(server, local_hostname)
        self.addresses: tuple[Address, ...] = ()
        self.certificate: Certificate | None = None
        self.tls_version: str | None = None
        self.tls_cipher: str | None = None
        self.authenticated_with: str | None = None
        self._server = server
        self._unlock = unlock
        self._contexts = contexts
        self._local_hostname = local_hostname

    def steps(self) -> list[tuple[str, Step]]:
        """The steps in the order in which this configuration's security has them happen."""
        middle: list[tuple[str, Step]] = [("greeting", self._greet), ("tls", self._secure)]
        if self._server.security is Security.IMPLICIT_TLS:
            middle.reverse()
        return [
            ("resolve", self._resolve),
            ("connect", self._connect),
            *middle,
            ("capabilities", self._introduce),
            ("authentication", self._authenticate),
        ]

    async def explained(self, fault: Fault) -> GatepostError:
        """The error to show; for a certificate that was not trusted, after a look at it."""
        cause = fault.__cause__
        if not isinstance(cause, ssl.SSLCertVerificationError):
            return fault.error
        self.certificate = await self._look()
        return failed_handshake(self._server, cause, self.certificate).error

    async def _resolve(self) -> str:
        self.addresses = await resolve(self._server)
        return ", ".join(dict.fromkeys(address.text for address in self.addresses))

    async def _connect(self) -> str:
        await self.session.connect(self.addresses)
        if self._server.security is not Security.IMPLICIT_TLS:
            await self.session.attach()
        return f"Connected to port {self._server.port}."

    async def _greet(self) -> str:
        await self.session.greet()
        return self.session.greeting.line if self.session.greeting else ""

    async def _secure(self) -> str | None:
        if self._server.security is Security.PLAINTEXT:
            return None
        context = await self._contexts.get(self._server)
        if self._server.security is Security.IMPLICIT_TLS:
            await self.session.attach(context)
        else:
            await self.session.introduce()
            await self.session.start_tls(context)
        tls = self.session.tls_object
        if tls is None:
            return ""
        cipher = tls.cipher()
        self.tls_version, self.tls_cipher = tls.version(), cipher[0] if cipher else None
        self.certificate = read_certificate(tls.getpeercert(binary_form=True) or b"")
        detail = f"{self.tls_version}, {self.tls_cipher}"
        if self.certificate is not None:
            detail += (
                f"; certificate for {self.certificate.subject} from {self.certificate.issuer},"
                f" valid until {self.certificate.expires_at:%Y-%m-%d}"
            )
        return detail

    async def _introduce(self) -> str:
        await self.session.introduce()
        return ", ".join(self.session.capabilities) or "The server offers no extensions."

    async def _authenticate(self) -> str | None:
        mechanism = await authenticate(self.session, self._unlock)
        if mechanism is None:
            return None
        self.authenticated_with = mechanism.value
        return f"Authenticated as {self._server.username} with {mechanism.value.upper()}."

    async def _look(self) -> Certificate | None:
        """The certificate that was refused, from a second handshake over which nothing is ever sent."""
        session = Session(self._server, self._local_hostname)
        try:
            await session.connect(self.addresses)
            if self._server.security is Security.IMPLICIT_TLS:
                await session.attach(looking_context())
            else:
                await session.attach()
                await session.greet()
                await session.introduce()
                await session.start_tls(looking_context())
            tls = session.tls_object
            return read_certificate(tls.getpeercert(binary_form=True) or b"") if tls else None
        except Fault:
            return None
        finally:
            session.abort()


def _milliseconds_since(begun: float) -> int:
    return round((perf_counter() - begun) * 1000)
