"""What is wrong with an SMTP configuration's fields, before anything is saved or connected to."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Iterator

from core.errors import FieldProblem
from core.policy.address import AddressError, parse_domain, parse_mailbox
from core.policy.plain_text import line_fault, name_fault
from core.values.configuration import AuthMechanism, ConfigurationFields, OnUncertain, Security

MAX_NAME_LENGTH = 100  # characters
MAX_HOST_LENGTH = 253  # characters, RFC 1035
MAX_USERNAME_LENGTH = 320  # characters
MAX_FROM_NAME_LENGTH = 200  # characters
MAX_TIMEOUT = 600_000  # milliseconds: the ten minutes that RFC 5321 4.5.3.2.6 gives the end of DATA
MAX_NUMBER = 2**31 - 1  # what the columns hold
MAX_CERTIFICATE_LENGTH = 256 * 1024  # characters

# An underscore is no part of a host's name by RFC 1123, but container networks have it.
_HOST_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_PEM_LINE = re.compile(r"-----(BEGIN|END) ([A-Z0-9 ]+)-----")

_TIMEOUTS = ("connection_timeout", "greeting_timeout", "socket_timeout")
_LIMITS = ("max_emails_per_day", "max_recipients_per_email", "max_message_bytes")


def check_configuration(fields: ConfigurationFields) -> tuple[FieldProblem, ...]:
    """Every problem with `fields`; `problem.field` is the attribute's name. Empty when it can be saved.

    Syntax only: whether the host exists and takes the password is seen by testing the connection.
    """
    return tuple(_problems(fields))


def is_loopback_host(host: str) -> bool:
    """Whether `host` names this machine by its text: 127.0.0.0/8, ::1 or localhost. Nothing is resolved."""
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address == ipaddress.IPv6Address("::1") or (address.version == 4 and address.is_loopback)


def _problems(fields: ConfigurationFields) -> Iterator[FieldProblem]:
    yield from _name(fields.connection_name)
    yield from _host(fields.host)
    if not _is_number(fields.port) or not 1 <= fields.port <= 65535:
        yield FieldProblem("port", "the port is not 1 to 65535", "587 for STARTTLS, 465 for implicit TLS.")
    yield from _choices(fields)
    if fields.security == Security.PLAINTEXT and not is_loopback_host(fields.host):
        message = "without TLS, mail and password would travel readable by others"
        yield FieldProblem(
            "security", message, "Use STARTTLS or TLS; none is for 127.0.0.1, ::1 and localhost only."
        )
    yield from _username(fields)
    yield from _address("from_email", fields.from_email)
    if fields.from_name is not None:
        if fault := name_fault(fields.from_name):
            yield FieldProblem("from_name", f"the name {fault}", "Write the name in one line of plain text.")
        elif len(fields.from_name) > MAX_FROM_NAME_LENGTH:
            message = f"the name is longer than {MAX_FROM_NAME_LENGTH} characters"
            yield FieldProblem("from_name", message, "Shorten it.")
    if fields.reply_to_email is not None:
        yield from _address("reply_to_email", fields.reply_to_email)
    yield from _numbers(fields)
    if fields.ca_certificate is not None and (damage := _certificate_fault(fields.ca_certificate)):
        yield FieldProblem("ca_certificate", *damage)


def _name(name: str) -> Iterator[FieldProblem]:
    if not name.strip():
        yield FieldProblem("connection_name", "the name is empty", "Give it a name to recognise it by.")
    elif name != name.strip():
        yield FieldProblem("connection_name", "the name begins or ends with a blank", "Remove the blank.")
    elif len(name) > MAX_NAME_LENGTH:
        message = f"the name is longer than {MAX_NAME_LENGTH} characters"
        yield FieldProblem("connection_name", message, "Shorten it.")
    if fault := name_fault(name):
        yield FieldProblem(
            "connection_name", f"the name {fault}", "Write the name in one line of plain text."
        )


def _host(host: str) -> Iterator[FieldProblem]:
    if fault := _host_fault(host):
        yield FieldProblem("host", *fault)


def _host_fault(host: str) -> tuple[str, str] | None:
    if not host.strip():
        return "the host is empty", "Give the mail server's name, such as smtp.example.com."
    if re.search(r"\s", host) or line_fault(host):
        return "the host has a blank or a control character", "Give the name alone."
    if "://" in host or "/" in host:
        return "the host is an address of the web", "Give host and port apart: smtp.example.com and 587."
    if "@" in host:
        return "the host has an @-sign", "Give the mail server's name; the address belongs into From."
    if host.startswith("[") and host.endswith("]"):
        return "the host has brackets", f"Write {host[1:-1]} without them."
    if _is_ip(host):
        return None
    if ":" in host:
        return "the host has a colon", "Give host and port apart: smtp.example.com and 587."
    if not host.isascii():
        return "the host has letters outside ASCII", _ascii_remedy(host)
    if host.endswith("."):
        return "the host ends with a dot", f"Write {host.rstrip('.')}."
    labels = host.split(".")
    if len(host) > MAX_HOST_LENGTH or not all(_HOST_LABEL.fullmatch(label) for label in labels):
        return "the host is not a name that can exist", "Use letters, digits and hyphens, with dots between."
    # Resolvers read 127.1, 2130706433 and 0x7f.1 as addresses, each in its own way.
    if re.fullmatch(r"[0-9]+|0[xX][0-9a-fA-F]*", labels[-1]):
        return (
            "the host is neither a name nor a whole IP address",
            "Write all four numbers, such as 192.0.2.1.",
        )
    return None


def _ascii_remedy(host: str) -> str:
    try:
        return f"Write {parse_domain(host)}."
    except AddressError:
        return "Give the name in its ASCII form (xn--…)."


def _is_ip(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return not (isinstance(address, ipaddress.IPv6Address) and address.scope_id)


def _choices(fields: ConfigurationFields) -> Iterator[FieldProblem]:
    for field, kind in (
        ("security", Security),
        ("auth_mechanism", AuthMechanism),
        ("on_uncertain", OnUncertain),
    ):
        choices = tuple(member.value for member in kind)
        if getattr(fields, field) not in choices:
            yield FieldProblem(field, "there is no such choice", f"Choose one of {', '.join(choices)}.")


def _username(fields: ConfigurationFields) -> Iterator[FieldProblem]:
    if not fields.username and fields.auth_mechanism != AuthMechanism.NONE:
        remedy = "Give the user name, or choose none for authentication."
        yield FieldProblem("username", "the user name is missing", remedy)
    if fault := line_fault(fields.username):
        yield FieldProblem("username", f"the user name {fault}", "Remove it.")
    elif len(fields.username) > MAX_USERNAME_LENGTH:
        message = f"the user name is longer than {MAX_USERNAME_LENGTH} characters"
        yield FieldProblem("username", message, "Shorten it.")


def _address(field: str, text: str) -> Iterator[FieldProblem]:
    try:
        parse_mailbox(text)
    except AddressError as error:
        yield FieldProblem(field, str(error), error.remedy)


def _numbers(fields: ConfigurationFields) -> Iterator[FieldProblem]:
    for field in _TIMEOUTS:
        value = getattr(fields, field)
        if not _is_number(value) or not 0 < value <= MAX_TIMEOUT:
            message = f"the timeout is not 1 to {MAX_TIMEOUT:,} milliseconds"
            yield FieldProblem(field, message, "60000 is a minute; ten are the most.")
    for field in _LIMITS:
        value = getattr(fields, field)
        if not _is_number(value) or not 0 < value <= MAX_NUMBER:
            message = f"the limit is not a whole number from 1 to {MAX_NUMBER:,}"
            yield FieldProblem(field, message, "To let nothing out, switch the configuration off.")


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _certificate_fault(text: str) -> tuple[str, str] | None:
    """What is wrong with a bundle of PEM certificates by its look (RFC 7468); it is not parsed as X.509."""
    remedy = "Paste the authority's certificate in PEM form, from BEGIN CERTIFICATE to END CERTIFICATE."
    if "PRIVATE KEY" in text:
        return "this holds a private key", "Give certificates only, and keep the key to yourself."
    if len(text) > MAX_CERTIFICATE_LENGTH:
        return f"the certificates are longer than {MAX_CERTIFICATE_LENGTH:,} characters", remedy
    if not text.isascii() or "\0" in text:
        return "the certificates have characters that PEM does not", remedy
    certificates = 0
    inside = False
    content: list[str] = []
    for line in (line.strip() for line in text.splitlines()):
        if marker := _PEM_LINE.fullmatch(line):
            begins = marker[1] == "BEGIN"
            if marker[2] != "CERTIFICATE":
                return "this holds something other than certificates", remedy
            if begins is inside:
                return "BEGIN and END of the certificates do not match", remedy
            if not begins:
                if not _is_der("".join(content)):
                    return "a certificate is damaged", remedy
                certificates += 1
            inside, content = begins, []
        elif inside:
            content.append(line)
    if inside:
        return "the last certificate has no end", remedy
    return None if certificates else ("there is no certificate in it", remedy)


def _is_der(content: str) -> bool:
    try:
        return base64.b64decode(content, validate=True).startswith(b"\x30")  # a SEQUENCE, as X.509 begins
    except (binascii.Error, ValueError):
        return False
