"""The Inbox by keys alone, on a real capture store: what comes, what it holds, what can be done with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from textual.widgets import Input

from dev_server.errors import StoreLocked
from dev_server.message import CapturedMessage
from dev_server.store import CaptureStore
from tests.tui.conftest import Dashboard, Hands
from tests.tui.test_safe import HOSTILE_SUBJECTS, is_acted_on

SIZES = [(80, 24), (120, 40)]
WIDE = (120, 40)


def mail(subject: str = "Hello", text: str = "Dear Kim,\nall is well.\n") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Support Bot <support@example.com>"
    message["To"] = "Kim <kim@example.org>"
    message["Subject"] = subject
    message["X-Trace"] = "trace-4711"
    message.set_content(text)
    return message


def add(store: CaptureStore, message: EmailMessage | bytes, *more: str) -> int:
    raw = message if isinstance(message, bytes) else message.as_bytes()
    return store.add(raw, sender="bounce@example.com", recipients=["kim@example.org", *more], tls="TLSv1.3")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CaptureStore]:
    with CaptureStore.open(tmp_path / "captures.db", durability="normal") as opened:
        yield opened


@pytest.fixture
def inbox(dashboard: Dashboard, owned: object, tmp_path: Path, store: CaptureStore) -> Dashboard:
    """The dashboard on its inbox, with a connection of its own to the store: as if another process captured."""

    def opened(**options: object) -> object:
        return dashboard(
            start_mode="inbox", capture=lambda: CaptureStore.open(tmp_path / "captures.db"), **options
        )

    return opened  # type: ignore[return-value]


async def test_an_empty_store_says_how_to_fill_it(inbox: Dashboard) -> None:
    async with inbox() as hands:
        await hands.until(lambda: "No mail has been captured yet." in hands.seen())
        assert "gatepost capture serve" in hands.seen()
        assert "captures.db" in "".join(line.strip("│ ") for line in hands.seen().splitlines())


async def test_without_a_store_it_says_so(dashboard: Dashboard, owned: object) -> None:
    async with dashboard(start_mode="inbox") as hands:
        await hands.until(lambda: "without a capture store" in hands.seen())


@pytest.mark.parametrize("size", SIZES)
async def test_mail_appears_by_itself_and_opens(
    inbox: Dashboard, store: CaptureStore, size: tuple[int, int]
) -> None:
    add(store, mail("First"))
    async with inbox(size=size) as hands:
        await hands.until(lambda: "First" in hands.seen())
        add(store, mail("Second"), "audit@example.net")
        await hands.until(lambda: "Second" in hands.seen())
        assert "2 mails" in hands.seen()
        await hands.press("enter")
        await hands.until(lambda: "all is well." in hands.seen())
        for word in ("Support Bot <support@example.com>", "bounce@example.com → kim@example.org", "TLSv1.3"):
            assert word in hands.seen()
        assert any("Bcc" in line and "audit@example.net" in line for line in hands.seen().splitlines())


async def test_a_mail_being_read_stays_while_others_come(inbox: Dashboard, store: CaptureStore) -> None:
    add(store, mail("Being read", "The text that I read.\n"))
    async with inbox() as hands:
        await hands.until(lambda: "Being read" in hands.seen())
        await hands.press("enter")
        await hands.until(lambda: "The text that I read." in hands.seen())
        add(store, mail("Newcomer", "Something else.\n"))
        await hands.until(lambda: "2 mails" in hands.seen())
        assert "The text that I read." in hands.seen()
        await hands.press("escape")
        await hands.until(lambda: "Newcomer" in hands.seen() and "Being read" in hands.seen())
        await hands.press("enter")
        await hands.until(lambda: "The text that I read." in hands.seen())


async def test_headers_source_and_files_have_a_key_each(inbox: Dashboard, store: CaptureStore) -> None:
    message = mail()
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="invoice.pdf")
    add(store, message)
    async with inbox() as hands:
        await hands.until(lambda: "Hello" in hands.seen())
        await hands.press("enter")
        await hands.until(lambda: "all is well." in hands.seen())
        await hands.press("h")
        await hands.until(lambda: "X-Trace: trace-4711" in hands.seen() and "all is well" not in hands.seen())
        await hands.press("v")
        await hands.until(lambda: "Subject: Hello" in hands.seen())
        await hands.press("a")
        await hands.until(lambda: "invoice.pdf" in hands.seen() and "application/pdf" in hands.seen())
        await hands.press("t")
        await hands.until(lambda: "all is well." in hands.seen())


async def test_html_is_shown_as_text(inbox: Dashboard, store: CaptureStore) -> None:
    message = EmailMessage()
    message["Subject"] = "Only HTML"
    message.set_content("<h1>Good day</h1><p>Dear <b>Kim</b></p><script>alert(1)</script>", subtype="html")
    add(store, message)
    async with inbox(size=WIDE) as hands:
        await hands.until(lambda: "Dear Kim" in hands.seen())
        assert "<b>" not in hands.seen()
        assert "alert" not in hands.seen()


async def test_an_attachment_is_saved_inside_the_chosen_folder(
    inbox: Dashboard, store: CaptureStore, tmp_path: Path
) -> None:
    message = mail()
    message.add_attachment(b"first", maintype="text", subtype="x-a", filename="a.txt")
    message.add_attachment(b"second", maintype="text", subtype="x-b", filename="../../[b]\x1b/passwd")
    add(store, message)
    folder = tmp_path / "chosen"
    async with inbox() as hands:
        await hands.until(lambda: "Hello" in hands.seen())
        await hands.press("enter")
        await hands.until(lambda: "all is well." in hands.seen())
        await hands.press("s", "down", "s")
        await hands.until(lambda: isinstance(hands.app.focused, Input))
        await hands.rewrite(str(folder))
        await hands.press("enter")
        await hands.until(lambda: "Saved as" in hands.said())
    assert [(file.name, file.read_bytes()) for file in folder.iterdir()] == [("passwd", b"second")]


async def test_a_folder_that_cannot_be_written_is_said_with_its_remedy(
    inbox: Dashboard, store: CaptureStore, tmp_path: Path
) -> None:
    message = mail()
    message.add_attachment(b"x", maintype="text", subtype="x-a", filename="a.txt")
    add(store, message)
    (tmp_path / "file").write_text("in the way")
    async with inbox(size=WIDE) as hands:
        await hands.until(lambda: "all is well." in hands.seen())
        await hands.press("s")
        await hands.until(lambda: isinstance(hands.app.focused, Input))
        await hands.rewrite(str(tmp_path / "file"))
        await hands.press("enter")
        await hands.until(lambda: "Choose a folder" in hands.said())


async def test_the_search_narrows_while_mail_comes(inbox: Dashboard, store: CaptureStore) -> None:
    add(store, mail("Invoice 1"))
    add(store, mail("Weather"))
    async with inbox() as hands:
        await hands.until(lambda: "Weather" in hands.seen())
        await hands.press("slash")
        await hands.write("invoice")
        await hands.press("enter")
        await hands.until(lambda: "Weather" not in hands.seen() and "Invoice 1" in hands.seen())
        add(store, mail("Rain"))
        add(store, mail("INVOICE 2"))
        await hands.until(lambda: "INVOICE 2" in hands.seen())
        assert "Rain" not in hands.seen()
        await hands.press("escape")
        await hands.until(lambda: "Rain" in hands.seen())


async def test_one_is_deleted_and_all_only_after_a_question(inbox: Dashboard, store: CaptureStore) -> None:
    for number in range(3):
        add(store, mail(f"Mail {number}"))
    async with inbox() as hands:
        await hands.until(lambda: "Mail 2" in hands.seen())
        await hands.press("down", "x")
        await hands.until(lambda: "Mail 1" not in hands.seen() and "2 mails" in hands.seen())
        await hands.press("X")
        await hands.until(lambda: "2 captured mails will be deleted" in hands.seen())
        await hands.press("enter")
        await hands.until(lambda: "will be deleted" not in hands.seen())
        assert store.count() == 2
        await hands.press("X", "y")
        await hands.until(lambda: "No mail has been captured yet." in hands.seen())
        assert store.count() == 0


async def test_mail_that_somebody_else_deleted_goes_from_the_list(
    inbox: Dashboard, store: CaptureStore
) -> None:
    gone = add(store, mail("Goes"))
    add(store, mail("Stays"))
    async with inbox() as hands:
        await hands.until(lambda: "Goes" in hands.seen())
        store.delete(gone)
        await hands.until(lambda: "Goes" not in hands.seen())
        assert "Stays" in hands.seen()


async def test_the_list_is_read_back_page_by_page(inbox: Dashboard, store: CaptureStore) -> None:
    for number in range(450):
        add(store, mail(f"Mail {number}."))
    async with inbox() as hands:
        await hands.until(lambda: "Mail 449." in hands.seen())
        for _ in range(4):
            await hands.press("end")
        await hands.until(lambda: "Mail 0." in hands.seen())


async def test_what_is_shown_is_copied_and_inert(inbox: Dashboard, store: CaptureStore) -> None:
    add(store, mail(text="rm -rf \x1b]0;x\x07 here\n"))
    async with inbox(size=WIDE) as hands:
        await hands.until(lambda: "rm -rf" in hands.seen())
        await hands.press("y")
        assert hands.app.clipboard.startswith("rm -rf ␛]0;x␇ here")


async def test_a_store_that_does_not_answer_leaves_the_rows_and_is_asked_again(
    dashboard: Dashboard, owned: object, store: CaptureStore
) -> None:
    add(store, mail("Known"))
    async with dashboard(start_mode="inbox", capture=lambda: store) as hands:
        await hands.until(lambda: "Known" in hands.seen())
        real = store.since

        def locked(*_: object) -> list[CapturedMessage]:
            raise StoreLocked("another program holds the store")

        store.since = locked  # type: ignore[method-assign]
        await hands.until(lambda: "another program holds the store" in hands.seen())
        assert "Known" in hands.seen()
        add(store, mail("Meanwhile"))
        store.since = real  # type: ignore[method-assign]
        await hands.until(lambda: "Meanwhile" in hands.seen() and "another program" not in hands.seen())


def hostile_mail(words: str) -> bytes:
    """As it may come over the wire: raw bytes in headers, body and file names."""
    raw = words.encode("utf-8", "surrogateescape" if "\udc80" <= words[0] <= "\udcff" else "replace")
    one_line = raw.replace(b"\r", b" ").replace(b"\n", b" ")
    return (
        b"From: "
        + one_line
        + b" <a@example.com>\r\nTo: "
        + one_line
        + b" <kim@example.org>\r\nSubject: "
        + one_line
        + b"\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"
        + raw
        + b'\r\n--b\r\nContent-Disposition: attachment; filename="'
        + one_line
        + b'"\r\n\r\nx\r\n--b--\r\n'
    )


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_mail_is_inert_in_every_view(
    inbox: Dashboard, store: CaptureStore, size: tuple[int, int]
) -> None:
    for words in HOSTILE_SUBJECTS:
        add(store, hostile_mail(words), words.encode("utf-8", "replace").decode())
    async with inbox(size=size) as hands:
        await hands.until(lambda: f"{len(HOSTILE_SUBJECTS)} mails" in hands.seen())
        for _ in HOSTILE_SUBJECTS:
            await hands.press("enter")
            await hands.until(lambda: "Envelope" in hands.seen())
            for view in "thva":
                await hands.press(view)
                assert_inert(hands)
            await hands.press("escape", "down")
        assert hands.app.is_running
        assert hands.app.clipboard == ""


def assert_inert(hands: Hands) -> None:
    assert not [char for char in hands.seen() if char != "\n" and is_acted_on(char)]
    svg = hands.app.export_screenshot()
    assert not [char for char in svg if char not in "\n\t" and is_acted_on(char)]


async def test_a_malformed_mail_is_shown_as_far_as_it_parses(inbox: Dashboard, store: CaptureStore) -> None:
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2_000)
    )
    add(store, b"Subject: Deep\r\n" + deep + b"\r\nat the bottom")
    add(store, b"\x00\xff\xfe not a mail at all \x1b[2J")
    add(
        store,
        b"Subject: Parameters\r\nContent-Type: text/plain"
        + b"".join(b"; p%d=x" % n for n in range(5_000))
        + b"\r\n\r\nhere",
    )
    async with inbox(size=WIDE) as hands:
        await hands.until(lambda: "3 mails" in hands.seen())
        for _ in range(3):
            await hands.press("enter")
            await hands.until(lambda: "Envelope" in hands.seen())
            assert_inert(hands)
            await hands.press("escape", "down")


async def test_a_damaged_store_is_said_and_the_other_modes_work(
    dashboard: Dashboard, owned: object, tmp_path: Path
) -> None:
    place = tmp_path / "other.db"
    with sqlite3.connect(place) as other:
        other.execute("CREATE TABLE something (id)")
    async with dashboard(start_mode="inbox", capture=lambda: CaptureStore.open(place)) as hands:
        await hands.until(lambda: "not answering" in hands.seen())
        await hands.press("3")
        await hands.until(lambda: "Nothing has been sent yet." in hands.seen())
