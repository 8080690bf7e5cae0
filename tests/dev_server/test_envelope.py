from __future__ import annotations

import pytest

from dev_server.envelope import parse_parameters, parse_path


@pytest.mark.parametrize(
    ("argument", "address", "parameters"),
    [
        ("FROM:<>", "", ""),
        ("from: <a@b.test> SIZE=10  BODY=8BITMIME", "a@b.test", "SIZE=10  BODY=8BITMIME"),
        ("FROM:a@b.test", "a@b.test", ""),
        ("FROM:<root>", "root", ""),
        ('FROM:<"b@evil.test> ORCPT=x"@ok.test>', '"b@evil.test> ORCPT=x"@ok.test', ""),
        ("FROM:<=?utf-8?q?b=40evil.test?=@ok.test>", "=?utf-8?q?b=40evil.test?=@ok.test", ""),
        ("FROM:<@relay.test:A@OK.test>", "@relay.test:A@OK.test", ""),
        ("FROM:<a%evil.test@ok.test>", "a%evil.test@ok.test", ""),
        ("FROM:<a@[127.0.0.1]>", "a@[127.0.0.1]", ""),
        ("FROM:<用户@例子.test> SMTPUTF8", "用户@例子.test", "SMTPUTF8"),
    ],
)
def test_an_address_is_kept_as_it_stood_on_the_wire(argument: str, address: str, parameters: str) -> None:
    assert parse_path("FROM:", argument) == (address, parameters)


@pytest.mark.parametrize(
    "argument",
    [
        None,
        "",
        "a@b.test",
        "FROM:",
        "FROM:<a@b.test",
        "FROM:<a b@c.test>",
        "FROM:<a@b.test>SIZE=1",
        "FROM:<a@b.test(x)>",
        "FROM:<a\x00@b.test>",
        "FROM:<a\r@b.test>",
        "FROM:<a@b.test,c@d.test>",
        "FROM:<G: a@b.test;>",
        f"FROM:<{'a' * 2000}@b.test>",
        "FROM:<" + "(" * 5000,
        'FROM:<"' + "\\" * 5000,
    ],
)
def test_what_is_no_path_is_refused(argument: str | None) -> None:
    assert parse_path("FROM:", argument) is None


def test_parameters_are_named_once_and_keep_their_values() -> None:
    assert parse_parameters("size=10 SMTPUTF8 AUTH=<>") == {"SIZE": "10", "SMTPUTF8": None, "AUTH": "<>"}
    assert parse_parameters("") == {}
    for malformed in ("SIZE=1 SIZE=2", "=x", "SIZE=", "SI ZE=", "Ä=1", "-=1"):
        assert parse_parameters(malformed) is None
