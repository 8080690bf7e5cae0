"""One message in one session: MAIL, RCPT, DATA, and what the server says to each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter

from core.delivery.smtp import faults
from core.delivery.smtp.faults import Fault, Phase, Reply
from core.delivery.smtp.session import Session
from core.delivery.smtp.wire import stuffed
from core.delivery.transport import BeforeData, DeliveryReport, Envelope
from core.delivery.wire_address import is_wire_address
from core.errors import OutcomeUnknown, ServerDeferred, ServerRejected
from core.values.mail import RecipientResult
from core.values.operation import Outcome


@dataclass(frozen=True, slots=True)
class Parcel:
    """An envelope made ready for the wire, with what it asks of a server."""

    sender: bytes
    recipients: tuple[tuple[str, bytes], ...]
    content: bytes  # with its dots doubled and the final dot
    size: int  # octets of the message itself (RFC 1870)
    needs_smtputf8: bool
    needs_8bitmime: bool


def pack(envelope: Envelope) -> Parcel:
    """The envelope made ready. Raises ValueError for addresses or content that must not reach a server."""
    if not envelope.recipients:
        raise ValueError("an envelope needs a recipient")
    for address in (*((envelope.sender,) if envelope.sender else ()), *envelope.recipients):
        if not is_wire_address(address):
            raise ValueError(f"{address[:80]!r} can't stand in an SMTP command")
    addresses = "".join((envelope.sender, *envelope.recipients))
    content = envelope.content
    in_ascii = content.isascii()
    header = b"" if in_ascii else content[: content.find(b"\r\n\r\n") + 1]
    return Parcel(
        sender=envelope.sender.encode(),
        recipients=tuple((address, address.encode()) for address in envelope.recipients),
        content=stuffed(content),
        size=len(content),
        needs_smtputf8=not (addresses.isascii() and header.isascii()),
        needs_8bitmime=not in_ascii,
    )


async def deliver(session: Session, parcel: Parcel, before_data: BeforeData) -> DeliveryReport:
    """Hand the message over and report. Raises Fault if the session ended, and what `before_data` raises.

    A Fault carries OutcomeUnknown from the moment in which the server may have taken the message.
    Afterwards `session.is_usable` says whether the session can carry another one.
    """
    timings: dict[str, int] = {}
    options = _options(session, parcel)
    begun = perf_counter()
    session.is_in_mail = True
    reply = await session.command(Phase.MAIL, b"MAIL", b"FROM:<" + parcel.sender + b">", *options)
    if not reply.is_positive:
        return await _refused(session, Phase.MAIL, reply)
    results = []
    for address, path in parcel.recipients:
        reply = await session.command(Phase.RCPT, b"RCPT", b"TO:<" + path + b">")
        if not (reply.is_positive or reply.is_refusal):
            raise faults.refused(session.settings, Phase.RCPT, reply)
        results.append(
            RecipientResult(address=address, accepted=reply.is_positive, code=reply.code, text=reply.text)
        )
    timings["envelope"] = round((perf_counter() - begun) * 1000)
    if not any(result.accepted for result in results):
        return await _refused_by_all(session, tuple(results))

    try:
        await before_data()
    except Exception:
        await session.reset()
        raise
    begun = perf_counter()
    reply = await session.command(Phase.DATA, b"DATA")
    if reply.code != 354:
        return await _refused(session, Phase.DATA, reply, tuple(results))
    session.messages += 1
    try:
        reply = await session.content(parcel.content)
        if not (reply.is_positive or reply.is_refusal):
            raise faults.not_smtp(session.settings, Phase.CONTENT, f"unexpected reply {reply.line}")
    except Fault as fault:
        if isinstance(fault.error, OutcomeUnknown):
            fault.recipients = tuple(results)
        raise
    session.is_in_mail = False
    timings["data"] = round((perf_counter() - begun) * 1000)
    if not reply.is_positive:
        report = await _refused(session, Phase.CONTENT, reply, tuple(results))
    else:
        report = DeliveryReport(outcome=Outcome.SENT, recipients=tuple(results), reply=reply.line)
    return replace(report, timings=timings)


def report_of(fault: Fault) -> DeliveryReport:
    """The report of a delivery that a fault ended."""
    is_unknown = isinstance(fault.error, OutcomeUnknown)
    return DeliveryReport(
        outcome=Outcome.UNKNOWN if is_unknown else Outcome.FAILED,
        recipients=fault.recipients,
        reply=fault.reply.line if fault.reply else "",
        error=fault.error,
        is_temporary=fault.is_temporary,
    )


def _options(session: Session, parcel: Parcel) -> list[bytes]:
    """The parameters of MAIL FROM. Raises Fault, with nothing said, if the server can't take the message."""
    offered, server = session.extensions, faults.place(session.settings)
    options = []
    if "size" in offered:
        limit = offered["size"].strip()
        if limit.isdecimal() and len(limit) < 20 and 0 < int(limit) < parcel.size:
            raise Fault(
                ServerRejected(
                    f"{server} takes at most {int(limit):,} bytes, and this message has {parcel.size:,}.",
                    remedy="Send less at once, for example fewer or smaller attachments.",
                )
            )
        options.append(b"SIZE=%d" % parcel.size)
    if parcel.needs_smtputf8:
        if "smtputf8" not in offered:
            raise Fault(
                ServerRejected(
                    f"{server} does not offer SMTPUTF8, which addresses with letters beyond ASCII need.",
                    remedy="Use an address in plain ASCII, or a server that offers SMTPUTF8.",
                )
            )
        options.append(b"SMTPUTF8")
    if parcel.needs_8bitmime:
        if "8bitmime" not in offered:
            raise Fault(ServerRejected(f"{server} does not offer 8BITMIME, which this message needs."))
        options.append(b"BODY=8BITMIME")
    return options


async def _refused(
    session: Session, phase: Phase, reply: Reply, results: tuple[RecipientResult, ...] = ()
) -> DeliveryReport:
    """The report of a mail that was refused as a whole: recipients accepted before are accepted no more."""
    fault = faults.refused(session.settings, phase, reply)
    if not reply.is_refusal:
        raise fault  # no refusal, but an answer without meaning here: what follows can't be trusted
    fault.recipients = tuple(
        replace(result, accepted=False, code=reply.code, text=reply.text) if result.accepted else result
        for result in results
    )
    if reply.code == 421:
        session.abort()
    elif phase is not Phase.CONTENT:  # after the final dot there is nothing left to forget
        await session.reset()
    return report_of(fault)


async def _refused_by_all(session: Session, results: tuple[RecipientResult, ...]) -> DeliveryReport:
    """The report of a mail that no recipient was accepted for; worth another try if one was refused for now."""
    await session.reset()
    is_temporary = any(result.code < 500 for result in results)
    reply = Reply(results[-1].code, results[-1].text, str)  # the text is clean already
    who = "the recipient" if len(results) == 1 else f"all {len(results)} recipients"
    message = (
        f"{faults.place(session.settings)} refused {who}{' for now' if is_temporary else ''}: {reply.line}"
    )
    fault = Fault(
        ServerDeferred(message) if is_temporary else ServerRejected(message),
        is_temporary=is_temporary,
        reply=reply,
    )
    fault.recipients = results
    return report_of(fault)
