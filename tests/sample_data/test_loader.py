"""The sample data loads, holds what the demo promises, and says what is wrong with a file that was edited."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

import pytest

from core.values.configuration import Security
from core.values.grant import Approval
from sample_data import SampleData, SampleDataError, load
from sample_data.values import Server


@pytest.fixture(scope="module")
def data() -> SampleData:
    return load()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    copy = tmp_path / "sample"
    shutil.copytree(str(files("sample_data")), copy, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    return copy


def test_there_are_users_agents_and_configurations_to_look_at(data: SampleData) -> None:
    assert len(data.users) >= 2
    assert len(data.agents) >= 4
    assert len(data.configurations) >= 5
    assert {agent.user for agent in data.agents} == {user.email for user in data.users}


def test_the_configurations_reach_their_servers_in_every_way(data: SampleData) -> None:
    assert {configuration.server for configuration in data.configurations} == set(Server)
    assert {configuration.fields.security for configuration in data.configurations} == set(Security)
    assert any(configuration.archived for configuration in data.configurations)
    assert any(not configuration.fields.is_active for configuration in data.configurations)
    assert {configuration.trusts_capture for configuration in data.configurations} == {True, False}


def test_there_are_grants_of_every_kind(data: SampleData) -> None:
    grants = data.grants
    assert {grant.fields.approval for grant in grants} == set(Approval)
    assert any(grant.fields.allowed_recipients is None for grant in grants)
    assert any(grant.fields.allowed_recipients == () for grant in grants)
    assert any(grant.fields.blocked_recipients for grant in grants)
    assert any(grant.fields.daily_email_limit for grant in grants)
    assert any(grant.fields.recipients_per_email_limit for grant in grants)
    assert any(grant.fields.can_use_custom_from for grant in grants)
    assert any(not grant.fields.can_send_email for grant in grants)
    assert any(not grant.fields.is_active for grant in grants)
    assert any(grant.revoked for grant in grants)
    assert any(grant.expires_in_days is not None and grant.expires_in_days < 0 for grant in grants)
    assert any(grant.expires_in_days is not None and grant.expires_in_days > 0 for grant in grants)


def test_the_messages_speak_several_languages_and_carry_files(data: SampleData) -> None:
    texts = "".join(message.subject + (message.text or "") for message in data.messages.values())
    for sample in ("größere".capitalize(), "ご注文", "طلبكم", "नमस्ते", "您好", "📦"):
        assert sample in texts
    assert any(message.html for message in data.messages.values())
    names = {file.filename for message in data.messages.values() for file in message.attachments}
    assert {"checkout.log", "棚の番号.png", "Rechnung – facture – invoice.pdf"} <= names
    pdf = next(file for file in data.messages["invoice.en.eml"].attachments)
    assert pdf.content.startswith(b"%PDF-")
    assert data.messages["overdue.fr.eml"].text is not None
    assert "délai de votre prêt" in data.messages["overdue.fr.eml"].text


def test_a_copy_of_the_folder_loads_as_the_original_does(folder: Path, data: SampleData) -> None:
    assert load(folder) == data


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("users.toml", 'display_name = "Ada"', "display_name = 7", "users.toml, user 1 (ada@example.com)"),
        ("users.toml", 'email = "grace@example.org"', 'email = "Ada@example.com"', "already"),
        (
            "people.toml",
            '"kim@example.org"',
            '"kim at example.org"',
            "“kim at example.org” is not an address",
        ),
        ("people.toml", 'name = "outsiders"', 'name = "others"', "outsiders"),
        ("agents.toml", 'user = "grace@example.org"', 'user = "bob@example.org"', "which is not there"),
        ("agents.toml", "paused = true", "pause = true", "unknown key `pause`"),
        ("configurations.toml", 'security = "tls"', 'security = "ssl"', "must be one of starttls, tls, none"),
        ("configurations.toml", "port = 465", "port = 70000", "`port`"),
        ("configurations.toml", "port = 465", "port = true", "must be a whole number"),
        ("configurations.toml", 'name = "Billing"', 'name = "Work mail"', "of that name already"),
        ("grants.toml", "daily_email_limit = 2500", "daily_email_limit = 9999", "`daily_email_limit`"),
        ("grants.toml", '"@rival.example"', '"*.rival.*"', "`blocked_recipients"),
        (
            "grants.toml",
            "allowed_recipients = []",
            'allowed_recipients = "nobody"',
            "a list of texts in quotes",
        ),
        ("grants.toml", 'configuration = "Legacy relay"', 'configuration = "Library"', "names “Library”"),
        ("scenario.toml", "weight = 13", "weight = 400", "the weights add up to"),
        ("scenario.toml", '"shipped.de.eml"', '"shipped.nl.eml"', "names “shipped.nl.eml”"),
        ("scenario.toml", "how_many = 11", "how_many = 110", "has only 12 addresses"),
        ("scenario.toml", '"recipients_not_blocked"', '"blocked"', "scene"),
        ("scenario.toml", 'draw_into = "bcc"', 'draw_into = "body"', "`draw_into`"),
        ("history.toml", "hours = [1,", "hours = [", "24 weights"),
        ("history.toml", "weekend = 0.35", "weekend = 35", "between 0 and 1"),
        ("history.toml", "sent = 950", "sent = 0", "at least 1"),
        ("history.toml", "took_ms = [70, 420]", "took_ms = [420, 70]", "`took_ms`"),
        ("history.toml", "days = 42", "days = ", "history.toml"),
        ("messages/plain.en.eml", "Subject: Re", "Object: Re", "plain.en.eml: the Subject header is missing"),
        ("messages/letter.eml", 'boundary="===letter==="', "", "letter.eml: not a sound message"),
        ("messages/incident.en.eml", '; filename="latency.csv"', "", "an attachment has no filename"),
    ],
)
def test_an_error_names_file_entry_and_fault(folder: Path, file: str, old: str, new: str, says: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SampleDataError) as caught:
        load(folder)
    assert Path(file).name in str(caught.value)
    assert says in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize("file", ["users.toml", "history.toml"])
def test_a_missing_file_is_named(folder: Path, file: str) -> None:
    (folder / file).unlink()
    with pytest.raises(SampleDataError, match=file):
        load(folder)


def test_a_missing_folder_of_messages_is_named(folder: Path) -> None:
    shutil.rmtree(folder / "messages")
    with pytest.raises(SampleDataError, match="messages"):
        load(folder)
