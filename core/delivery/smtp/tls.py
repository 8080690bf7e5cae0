"""TLS as mail needs it: contexts that always verify, certificates in words, and why one was not trusted."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core.delivery.smtp.faults import Fault, clean, place, shorten
from core.delivery.transport import ServerSettings
from core.errors import TlsFailed

if TYPE_CHECKING:
    from cryptography import x509

_KEPT_CONTEXTS = 64
_SHOWN_NAMES = 5

# X509_V_ERR_… of OpenSSL (openssl-verification-options(1)).
_NOT_YET_VALID = 9
_EXPIRED = 10
_SELF_SIGNED = 18
_UNKNOWN_AUTHORITIES = frozenset((2, 19, 20, 21))
_NAME_MISMATCHES = frozenset((62, 64))

_NO_TLS_REASONS = frozenset(
    ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")
)
_OLD_TLS_REASONS = frozenset(
    ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What a server's certificate says about itself."""

    subject: str
    issuer: str
    names: tuple[str, ...]  # DNS names and IP addresses that it is for
    valid_from: datetime
    expires_at: datetime


class Contexts:
    """Client contexts by the authority they trust, each built once: loading the system's takes some 10 ms."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str | None, ssl.SSLContext] = OrderedDict()

    async def get(self, settings: ServerSettings) -> ssl.SSLContext:
        """The context for these settings. Raises Fault if their authority is no certificate."""
        authority = settings.ca_certificate
        context = self._kept.get(authority)
        if context is None:
            try:
                context = await asyncio.to_thread(verifying_context, authority)
            except (ssl.SSLError, ValueError) as error:
                raise Fault(
                    TlsFailed(
                        "The configuration's CA certificate can't be read.",
                        remedy="Give it in PEM form, beginning with -----BEGIN CERTIFICATE-----.",
                    )
                ) from error
            self._kept[authority] = context
            if len(self._kept) > _KEPT_CONTEXTS:
                self._kept.popitem(last=False)
        return context


def verifying_context(authority: str | None) -> ssl.SSLContext:
    """A context that verifies certificate and host name, with TLS 1.2 at least.

    `authority` (PEM) is trusted instead of the system's. Raises ssl.SSLError or ValueError if it is unsound.
    """
    if authority is not None and not (authority.strip() and authority.isascii()):
        raise ValueError("the certificate is not in PEM form")
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cadata=authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True
    return context


def looking_context() -> ssl.SSLContext:
    """A context that trusts anyone: to look at a certificate that was refused, never to send anything."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def read_certificate(der: bytes) -> Certificate | None:
    """The certificate in words, None if it can't be read."""
    from cryptography import x509  # here: only connection tests need it, and it takes 40 ms to load

    try:
        certificate = x509.load_der_x509_certificate(der)
        names: tuple[str, ...] = ()
        with contextlib.suppress(x509.ExtensionNotFound):
            alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            addresses = alternatives.get_values_for_type(x509.IPAddress)
            names = (*alternatives.get_values_for_type(x509.DNSName), *map(str, addresses))
        return Certificate(
            subject=_name(certificate.subject),
            issuer=_name(certificate.issuer),
            names=tuple(shorten(clean(name)) for name in names),
            valid_from=certificate.not_valid_before_utc,
            expires_at=certificate.not_valid_after_utc,
        )
    except ValueError:
        return None


def failed_handshake(
    settings: ServerSettings,
    error: Exception,
    certificate: Certificate | None = None,
    *,
    now: datetime | None = None,
) -> Fault:
    """Why TLS could not be established, as exactly as the error and the certificate (if it was seen) tell."""
    server = place(settings)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Fault(TlsFailed(_distrust(settings, error, certificate, now or datetime.now(UTC))))
    reason = error.reason if isinstance(error, ssl.SSLError) else None
    if reason in _NO_TLS_REASONS:
        return Fault(
            TlsFailed(
                f"{server} does not speak TLS where TLS was to begin.",
                remedy="Check port and security: 465 for implicit TLS, 587 for STARTTLS.",
            )
        )
    if reason in _OLD_TLS_REASONS:
        return Fault(
            TlsFailed(
                f"{server} speaks only versions of TLS that are no longer safe (before 1.2).",
                remedy="Ask the server's operator for TLS 1.2 or newer.",
            )
        )
    if isinstance(error, ssl.SSLError) and not isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        what = clean(reason or str(error)).replace("_", " ").lower()
        return Fault(TlsFailed(f"The TLS handshake with {server} failed: {shorten(what)}."))
    return Fault(
        TlsFailed(
            f"{server} broke off the TLS handshake.", remedy="Check port and security, or try again later."
        ),
        is_temporary=True,
    )


def _distrust(
    settings: ServerSettings,
    error: ssl.SSLCertVerificationError,
    certificate: Certificate | None,
    now: datetime,
) -> str:
    """The sentence for a certificate that was not trusted."""
    server, code = place(settings), error.verify_code
    if code == _EXPIRED:
        when = (
            f" on {certificate.expires_at:%Y-%m-%d}" if certificate and certificate.expires_at < now else ""
        )
        return f"The certificate of {server} expired{when}."
    if code == _NOT_YET_VALID:
        when = (
            f" before {certificate.valid_from:%Y-%m-%d}"
            if certificate and certificate.valid_from > now
            else " yet"
        )
        return f"The certificate of {server} is not valid{when}; this machine's clock may be wrong, too."
    if code in _NAME_MISMATCHES:
        return f"The certificate of {server} is for {_owners(certificate)}, not for {clean(settings.host)!r}."
    if code == _SELF_SIGNED:
        return f"The certificate of {server} is self-signed, and no authority vouches for it."
    if code in _UNKNOWN_AUTHORITIES:
        issuer = f" ({certificate.issuer})" if certificate else ""
        trusted = "the configuration's CA certificate" if settings.ca_certificate else "this machine"
        return f"The certificate of {server} comes from an authority{issuer} that {trusted} does not know."
    return f"The certificate of {server} is not to be trusted: {shorten(clean(error.verify_message))}."


def _owners(certificate: Certificate | None) -> str:
    if certificate is None:
        return "another name"
    names = certificate.names or ((certificate.subject,) if certificate.subject else ())
    if not names:
        return "nobody by name"
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return ", ".join(names[:_SHOWN_NAMES]) + more


def _name(name: x509.Name) -> str:
    from cryptography.x509.oid import NameOID

    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    text = str(common[0].value) if common else name.rfc4514_string()
    return shorten(clean(text))
