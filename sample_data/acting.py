"""Playing the scenario: which scene comes next, and what its agent asks for. A seed repeats it."""

from __future__ import annotations

import random
from collections.abc import Iterator

from core.policy.draft import AttachmentRequest, MailRequest
from sample_data.values import Draw, ExtraFile, SampleData, Scene

NUMBERS = (1_000, 99_999)  # what {number} is drawn from
_KILOBYTE = 1024


def deal(data: SampleData, chance: random.Random) -> Iterator[Scene]:
    """Scenes without end: the deck is shuffled, played to its last card, and shuffled anew."""
    while True:
        deck = [scene for scene in data.scenes for _ in range(scene.weight)]
        chance.shuffle(deck)
        yield from deck


def request_of(scene: Scene, data: SampleData, chance: random.Random) -> MailRequest:
    """What the agent of a scene asks for this time."""
    message = data.messages[scene.message]
    number = str(chance.randint(*NUMBERS))
    drawn = draw_from(scene.draw, data, chance)

    def addresses(role: str, *written: tuple[str, ...]) -> tuple[str, ...]:
        return sum(written, ()) + (drawn if scene.draw is not None and scene.draw.into == role else ())

    files = tuple(
        AttachmentRequest(
            filename=file.filename,
            content=file.content.replace(b"{number}", number.encode()),
            content_type=file.content_type,
        )
        for file in message.attachments
    )
    if scene.extra_file is not None:
        files += (_made_up(scene.extra_file, chance),)
    return MailRequest(
        to=addresses("to", scene.to),
        cc=addresses("cc", scene.cc, message.cc),
        bcc=addresses("bcc", scene.bcc, message.bcc),
        subject=filled(message.subject if scene.subject is None else scene.subject, number),
        text=None if message.text is None else filled(message.text, number),
        html=None if message.html is None else filled(message.html, number),
        from_email=message.from_email,
        from_name=message.from_name,
        reply_to=message.reply_to,
        attachments=files,
    )


def draw_from(draw: Draw | None, data: SampleData, chance: random.Random) -> tuple[str, ...]:
    """Different addresses of the group, drawn anew."""
    return () if draw is None else tuple(chance.sample(data.people[draw.group], draw.how_many))


def filled(text: str, number: str) -> str:
    """The text with its number. Other braces stay as they are."""
    return text.replace("{number}", number)


def _made_up(file: ExtraFile, chance: random.Random) -> AttachmentRequest:
    return AttachmentRequest(
        filename=file.name,
        content=chance.randbytes(file.kilobytes * _KILOBYTE),
        content_type=file.content_type,
    )
