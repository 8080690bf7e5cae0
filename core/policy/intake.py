"""The edge: a `MailRequest` of untrusted strings becomes a `Draft`, or every fault in it is named.

Nothing is repaired here. What could be read in two ways, or could become a second header, a second recipient
or a second message, is refused before anything else runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from core.errors import FieldProblem, InvalidInput
from core.policy.address import AddressError, Mailbox, parse_mailbox
from core.policy.draft import Attachment, AttachmentRequest, Draft, MailRequest
from core.policy.headers import MAX_HEADERS, header_fault
from core.policy.plain_text import body_fault, filename_fault, line_fault, name_fault
from core.policy.size import estimate_size

MAX_RECIPIENTS = 1_000  # To, Cc and Bcc together, before any grant is asked
MAX_ATTACHMENTS = 100
MAX_SUBJECT_LENGTH = 998  # characters: the longest line that RFC 5322 2.1.1 allows
MAX_NAME_LENGTH = 200  # characters of a sender's name
MAX_FILENAME_OCTETS = 255  # what common file systems take
MAX_KEY_LENGTH = 200  # characters of an idempotency key

# RFC 6838 4.2, without parameters
_CONTENT_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
# Containers that a reader would take apart or complete from elsewhere (RFC 2046 5.1, 5.2.2, 5.2.3).
_NOT_A_FILE = ("multipart/", "message/partial", "message/external-body")


def parse_request(request: MailRequest) -> Draft:
    """The draft that `request` asks for. Raises InvalidInput with every problem, not the first.

    An address in To, Cc and Bcc at once, or twice in one of them, is kept once, where it is seen most: To
    before Cc before Bcc. Local parts that differ in case are two addresses (RFC 5321 2.4). An empty From,
    name or Reply-To means the configuration's. Problems name their field: "to[1]", "subject",
    "attachments[0].filename".
    """
    problems: list[FieldProblem] = []
    to, cc, bcc = _recipients(request, problems)
    sender = _mailbox(request.from_email, "from_email", problems)
    reply_to = _mailbox(request.reply_to, "reply_to", problems)
    problems += _text_problems(request)
    problems += _header_problems(request.headers)
    attachments = tuple(_attachments(request.attachments, problems))
    if problems:
        raise InvalidInput(tuple(problems))
    draft = Draft(
        to=to,
        cc=cc,
        bcc=bcc,
        subject=request.subject,
        text=request.text,
        html=request.html,
        sender=sender,
        sender_name=request.from_name or None,
        reply_to=reply_to,
        headers=tuple(request.headers),
        attachments=attachments,
        idempotency_key=request.idempotency_key,
    )
    return replace(draft, size_bytes=estimate_size(draft))


def _recipients(
    request: MailRequest, problems: list[FieldProblem]
) -> tuple[tuple[Mailbox, ...], tuple[Mailbox, ...], tuple[Mailbox, ...]]:
    fields = {"to": request.to, "cc": request.cc, "bcc": request.bcc}
    count = sum(len(addresses) for addresses in fields.values())
    if not count:
        problems.append(FieldProblem("to", "there is no recipient", "Name at least one in to, cc or bcc."))
    if count > MAX_RECIPIENTS:
        message = f"there are {count:,} recipients, more than {MAX_RECIPIENTS:,}"
        problems.append(FieldProblem("to", message, "Send several mails."))
        return (), (), ()
    seen: set[str] = set()
    parsed: list[tuple[Mailbox, ...]] = []
    for field, addresses in fields.items():
        kept: list[Mailbox] = []
        for index, text in enumerate(addresses):
            try:
                mailbox = parse_mailbox(text)
            except AddressError as error:
                problems.append(FieldProblem(f"{field}[{index}]", str(error), error.remedy))
                continue
            if mailbox.address not in seen:
                seen.add(mailbox.address)
                kept.append(mailbox)
        parsed.append(tuple(kept))
    return parsed[0], parsed[1], parsed[2]


def _mailbox(text: str | None, field: str, problems: list[FieldProblem]) -> Mailbox | None:
    if not text:
        return None
    try:
        return parse_mailbox(text)
    except AddressError as error:
        problems.append(FieldProblem(field, str(error), error.remedy))
        return None


def _text_problems(request: MailRequest) -> Iterator[FieldProblem]:
    if fault := line_fault(request.subject[:MAX_SUBJECT_LENGTH]):
        yield FieldProblem("subject", f"the subject {fault}", "Write the subject in one line of plain text.")
    if len(request.subject) > MAX_SUBJECT_LENGTH:
        message = f"the subject has {len(request.subject):,} characters, more than {MAX_SUBJECT_LENGTH}"
        yield FieldProblem("subject", message, "Shorten it.")
    for field, body in (("text", request.text), ("html", request.html)):
        if body is not None and (fault := body_fault(body)):
            yield FieldProblem(field, f"the body {fault}", "Remove it, or send the content as an attachment.")
    if not (request.subject.strip() or request.text or request.html or request.attachments):
        yield FieldProblem("text", "the mail is empty", "Give it a subject, a text or an attachment.")
    if request.from_name:
        if fault := name_fault(request.from_name):
            yield FieldProblem("from_name", f"the name {fault}", "Write the name in one line of plain text.")
        if len(request.from_name) > MAX_NAME_LENGTH:
            yield FieldProblem(
                "from_name", f"the name is longer than {MAX_NAME_LENGTH} characters", "Shorten it."
            )
    key = request.idempotency_key
    if key is not None and (not key or len(key) > MAX_KEY_LENGTH or line_fault(key)):
        remedy = f"Use one line of 1 to {MAX_KEY_LENGTH} characters, such as a UUID."
        yield FieldProblem("idempotency_key", "the key is empty, too long or not plain text", remedy)


def _header_problems(headers: tuple[tuple[str, str], ...]) -> Iterator[FieldProblem]:
    if len(headers) > MAX_HEADERS:
        yield FieldProblem("headers", f"there are more than {MAX_HEADERS} headers", "Leave some out.")
        return
    seen: set[str] = set()
    for index, (name, value) in enumerate(headers):
        if fault := header_fault(name, value):
            yield FieldProblem(f"headers[{index}]", *fault)
        elif name.lower() in seen:
            yield FieldProblem(f"headers[{index}]", f"{name} is there twice", "Give each header once.")
        seen.add(name.lower())


def _attachments(
    requests: tuple[AttachmentRequest, ...], problems: list[FieldProblem]
) -> Iterator[Attachment]:
    if len(requests) > MAX_ATTACHMENTS:
        message = f"there are {len(requests):,} attachments, more than {MAX_ATTACHMENTS}"
        problems.append(FieldProblem("attachments", message, "Put them into one archive."))
        return
    for index, request in enumerate(requests):
        if fault := _filename_fault(request.filename):
            remedy = "Give a plain file name without a folder, such as report.pdf."
            problems.append(FieldProblem(f"attachments[{index}].filename", f"the name {fault}", remedy))
        content_type = request.content_type.lower()
        if fault := _content_type_fault(content_type):
            remedy = "Give a type such as application/pdf, or leave it out."
            problems.append(FieldProblem(f"attachments[{index}].content_type", fault, remedy))
        yield Attachment(filename=request.filename, content_type=content_type, content=request.content)


def _filename_fault(name: str) -> str | None:
    if not name.strip(" ."):
        return "is empty or only dots"
    if fault := filename_fault(name):
        return fault
    if "/" in name or "\\" in name:
        return "has a path separator"
    if name != name.strip():
        return "begins or ends with a blank"
    if len(name.encode()) > MAX_FILENAME_OCTETS:
        return f"is longer than {MAX_FILENAME_OCTETS} octets"
    return None


def _content_type_fault(content_type: str) -> str | None:
    if not _CONTENT_TYPE.fullmatch(content_type):
        return "the content type is not type/subtype without parameters"
    if content_type.startswith(_NOT_A_FILE):
        return f"{content_type} is not the type of a file"
    return None
