"""Where a workspace lies: what a person may give, and what is refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.db.url import DATABASE_VARIABLE, database_url, default_database_path, label
from core.errors import InvalidInput

PASSWORD = "s3cret-pass"


def test_nothing_given_is_the_users_own_file() -> None:
    url = database_url(None)
    assert (url.drivername, url.database) == ("sqlite", str(default_database_path()))


def test_the_environment_is_asked_before_the_users_own_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATABASE_VARIABLE, "/tmp/other.sqlite3")
    assert database_url(None).database == "/tmp/other.sqlite3"
    assert database_url("/tmp/given.sqlite3").database == "/tmp/given.sqlite3"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("/data/w.sqlite3", "/data/w.sqlite3"),
        ("sqlite:////data/w.sqlite3", "/data/w.sqlite3"),
        ("sqlite+pysqlite:////data/w.sqlite3", "/data/w.sqlite3"),
        ("/data/with?mark & blank%20.db", "/data/with?mark & blank%20.db"),
        ("/data/ümläut.db", "/data/ümläut.db"),
    ],
)
def test_a_file_is_given_as_a_path_or_a_url(given: str, expected: str) -> None:
    url = database_url(given)
    assert (url.drivername, url.database, dict(url.query)) == ("sqlite", expected, {})


def test_a_relative_path_is_made_absolute_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert database_url("w.db").database == str(tmp_path / "w.db")
    assert database_url("sqlite:///w.db").database == str(tmp_path / "w.db")
    assert database_url("~/w.db").database == str(Path.home() / "w.db")


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2", "postgresql+asyncpg"])
def test_every_name_of_postgresql_leads_to_the_one_driver(scheme: str) -> None:
    url = database_url(f"{scheme}://gate:{PASSWORD}@db.home.test:5433/post")
    assert url.drivername == "postgresql+asyncpg"
    assert (url.username, url.password, url.host, url.port, url.database) == (
        "gate",
        PASSWORD,
        "db.home.test",
        5433,
        "post",
    )


def test_sslmode_is_understood_as_other_programs_do() -> None:
    url = database_url("postgresql://gate@db.home.test/post?sslmode=verify-full")
    assert dict(url.query) == {"ssl": "verify-full"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("mysql://gate@db/post", "engine 'mysql'"),
        ("http://db/post", "engine 'http'"),
        ("://", "not a database URL"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:////data/w.db?mode=ro", "parameters behind the path"),
        ("postgresql://gate@db:port/post", "not a database URL"),
        ("postgresql://gate@db/post?password=x", "parameter 'password'"),
        ("postgresql://gate@db/post?no_such=1", "parameter 'no_such'"),
        ("/data/w\0.db", "NUL"),
    ],
)
def test_what_is_no_workspace_is_refused_with_a_reason_and_a_remedy(given: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        database_url(given)
    assert caught.value.problems[0].field == "database"
    assert caught.value.remedy
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "given",
    [
        f"postgresql://gate:{PASSWORD}@db:no-port/post",
        f"postgresql://gate:pa/ss@{PASSWORD}:x/post",
        f"mysql://gate:{PASSWORD}@db/post",
        f"postgresql://gate@db/post?password={PASSWORD}",
    ],
)
def test_a_refused_url_does_not_repeat_its_password(given: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        database_url(given)
    error: BaseException | None = caught.value
    while error is not None:
        assert PASSWORD not in f"{error!r} {error}"
        error = error.__cause__


def test_the_label_never_has_a_password() -> None:
    url = database_url(f"postgresql://gate:{PASSWORD}@db.home.test/post")
    assert label(url) == "PostgreSQL db.home.test/post"
    assert PASSWORD not in f"{url!r} {url}"
    assert label(database_url("postgresql:///post?host=/run/socket")) == "PostgreSQL local/post"
    assert label(database_url("/data/w.db")) == "SQLite"
