from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dev_server import AttachmentMissing, TargetUnwritable, attachment_content, safe_filename, save_attachment


def mail_with(name: str, content: bytes = b"content") -> bytes:
    encoded = "".join(f"%{byte:02x}" for byte in name.encode("utf-8", "surrogatepass"))
    return (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pdf\r\n"
        b"Content-Disposition: attachment; filename*=utf-8''"
        + encoded.encode()
        + b"\r\n\r\n"
        + content
        + b"\r\n--b--\r\n"
    )


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("C:\\Windows\\system.ini", "system.ini"),
        ("..\\..\\x", "x"),
        ("a/", "a"),
        ("..", "attachment-1.pdf"),
        ("/", "attachment-1.pdf"),
        ("", "attachment-1.pdf"),
        (".bashrc", "bashrc"),
        ("x\x00.txt\x1b[2J\n", "x.txt[2J"),
        ("fdp.\u202etxt", "fdp.txt"),
        ("a\u2028b\u200b.txt", "ab.txt"),
        ("x\u2215y\uff0fz", "z"),
        ("file:stream", "file_stream"),
        ('a<b>|"?*', "a_b_____"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("com1", "_com1"),
        ("conference.txt", "conference.txt"),
        ("trailing. . ", "trailing"),
        ("ünïcode 日本.txt", "ünïcode 日本.txt"),
    ],
)
def test_an_attachment_lands_inside_the_folder_under_a_safe_name(
    tmp_path: Path, given_name: str, name: str
) -> None:
    folder = tmp_path / "out"
    saved = save_attachment(mail_with(given_name), 0, folder)
    assert saved == folder / name
    assert saved.read_bytes() == b"content"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@given(st.text(max_size=400), st.integers(0, 9))
def test_any_name_becomes_one_short_visible_component(name: str, index: int) -> None:
    safe = safe_filename(name, index, "image/png")
    assert safe and safe == Path(safe).name and safe not in (".", "..")
    assert not set(safe) & set('/\\:*?"<>|\x00\n\r\x7f\u202e')
    assert len(safe.encode()) <= 160 and not safe.startswith(".") and safe.strip(" .") == safe
    assert safe_filename(safe) == safe


def test_a_long_name_keeps_its_suffix(tmp_path: Path) -> None:
    saved = save_attachment(mail_with("ü" * 500 + ".pdf"), 0, tmp_path)
    assert saved.suffix == ".pdf" and len(saved.name.encode()) <= 150


def test_nothing_is_overwritten_and_no_link_is_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("keep")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "x.txt").symlink_to(precious)
    (folder / "x (1).txt").symlink_to(tmp_path / "dangling")
    saved = [save_attachment(mail_with("x.txt"), 0, folder).name for _ in range(2)]
    assert saved == ["x (2).txt", "x (3).txt"]
    assert precious.read_text() == "keep" and not (tmp_path / "dangling").exists()


def test_an_attachment_that_is_not_there_and_a_folder_that_is_none_are_named(tmp_path: Path) -> None:
    for index in (-1, 1):
        with pytest.raises(AttachmentMissing, match="has 1"):
            attachment_content(mail_with("x"), index)
    with pytest.raises(AttachmentMissing, match="no attachments"):
        attachment_content(b"plain", 0)
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(TargetUnwritable):
        save_attachment(mail_with("x"), 0, file)
    with pytest.raises(TargetUnwritable):
        save_attachment(mail_with("x"), 0, file / "below")


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit"])
def test_the_content_is_that_which_was_attached(encoding: str) -> None:
    mail = EmailMessage()
    mail.set_content("text")
    content = "ünï = code\r\nline " if encoding != "base64" else bytes(range(256))
    if isinstance(content, bytes):
        mail.add_attachment(content, "application", "octet-stream", filename="x")
        expected = content
    else:
        mail.add_attachment(content, cte=encoding, filename="x")
        expected = content.encode() + b"\r\n"
    raw = mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert attachment_content(raw, 0).replace(b"\r\n", b"\n").rstrip(b"\n") == expected.replace(
        b"\r\n", b"\n"
    ).rstrip(b"\n")


def test_an_attached_message_is_saved_whole(tmp_path: Path) -> None:
    inner = EmailMessage()
    inner["Subject"] = "inner"
    inner.set_content("inner text")
    outer = EmailMessage()
    outer.set_content("outer")
    outer.add_attachment(inner)
    saved = save_attachment(outer.as_bytes(), 0, tmp_path)
    assert saved.name == "attachment-1.eml"
    assert saved.read_bytes().startswith(b"Subject: inner\n") and b"inner text" in saved.read_bytes()
