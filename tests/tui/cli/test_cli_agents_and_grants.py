"""`gatepost agents` and `gatepost grants`: who may send, and through what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.tui.cli.person import Gatepost, add_local

PAIR = ("--agent", "bot", "--config", "Local")


def test_agents_are_added_listed_paused_and_resumed(gatepost: Gatepost) -> None:
    row = gatepost.json("agents", "add", "bot", "--description", "answers mail")
    assert (row["name"], row["description"], row["is_active"]) == ("bot", "answers mail", True)
    assert gatepost.json("agents", "pause", "bot")["is_active"] is False
    assert "paused" in gatepost.ok("agents", "list")
    assert gatepost.json("agents", "resume", "BOT") == row
    assert gatepost.json("agents", "show", row["id"]) == row
    assert gatepost.json("agents", "list") == [row]


def test_a_second_agent_of_that_name_is_a_conflict(gatepost: Gatepost) -> None:
    gatepost.ok("agents", "add", "bot")
    assert gatepost.json("agents", "add", "bot", code=2)["error"]["code"] == "conflict"
    assert gatepost.json("agents", "show", "nobody", code=2)["error"]["code"] == "not_found"


def test_a_token_is_printed_once_and_can_be_revoked(gatepost: Gatepost) -> None:
    gatepost.ok("agents", "add", "bot")
    made = gatepost.json("agents", "token", "create", "bot", "--name", "laptop", "--expires", "30d")
    assert made["token"].startswith(made["hint"])
    assert made["state"] == "active"
    ends = datetime.fromisoformat(made["expires_at"])
    assert timedelta(days=29) < ends - datetime.now(UTC) <= timedelta(days=30)
    listed = gatepost("agents", "token", "list", "bot", "--json")
    assert "laptop" in listed.stdout
    assert made["token"] not in listed.output
    refused = gatepost("agents", "token", "revoke", "bot", "laptop")
    assert refused.exit_code == 2
    assert gatepost.json("agents", "token", "revoke", "bot", "laptop", "--yes")["state"] == "revoked"
    assert "revoked" in gatepost.ok("agents", "token", "list", "bot")


def test_only_the_token_itself_is_on_stdout(gatepost: Gatepost) -> None:
    gatepost.ok("agents", "add", "bot")
    lines = gatepost.ok("agents", "token", "create", "bot").splitlines()
    assert len(lines) == 1
    assert len(lines[0]) > 40


def test_a_token_is_named_by_name_beginning_or_id_but_not_by_itself(gatepost: Gatepost) -> None:
    gatepost.ok("agents", "add", "bot")
    made = [gatepost.json("agents", "token", "create", "bot", "--name", "same") for _ in range(2)]
    refused = gatepost.json("agents", "token", "revoke", "bot", "same", "--yes", code=2)
    assert refused["error"]["code"] == "conflict"
    secret = gatepost("agents", "token", "revoke", "bot", made[0]["token"], "--yes")
    assert secret.exit_code == 2
    assert made[0]["token"] not in secret.output
    assert gatepost.json("agents", "token", "revoke", "bot", made[0]["id"], "--yes")["id"] == made[0]["id"]
    assert gatepost.json("agents", "token", "revoke", "bot", made[1]["hint"], "--yes")["id"] == made[1]["id"]


@pytest.fixture
def pair(gatepost: Gatepost) -> Gatepost:
    add_local(gatepost, 2525)
    gatepost.ok("agents", "add", "bot")
    return gatepost


def test_a_grant_takes_every_field(pair: Gatepost) -> None:
    row = pair.json(
        *(
            "grants",
            "add",
            *PAIR,
            "--no-send",
            "--attachments",
            "--custom-from",
            "--daily",
            "5",
            "--recipients",
            "2",
        ),
        *(
            "--allow",
            "@ok.test",
            "--allow",
            ".ok.test",
            "--block",
            "boss@ok.test",
            "--approval",
            "new_recipients",
        ),
        *("--expires", "2099-12-31T12:00", "--inactive"),
    )
    assert (row["can_send_email"], row["can_send_attachments"], row["can_use_custom_from"]) == (
        False,
        True,
        True,
    )
    assert (row["daily_email_limit"], row["recipients_per_email_limit"]) == (5, 2)
    assert row["allowed_recipients"] == ["@ok.test", ".ok.test"]
    assert row["blocked_recipients"] == ["boss@ok.test"]
    assert (row["approval"], row["expires_at"]) == ("new_recipients", "2099-12-31T12:00:00.000000Z")
    assert (row["is_active"], row["state"], row["agent_name"]) == (False, "off", "bot")
    assert pair.json("grants", "show", *PAIR) == row
    assert pair.json("grants", "show", row["id"]) == row
    assert pair.json("grants", "list", "--agent", "bot", "--config", "Local") == [row]
    assert "@ok.test" in pair.ok("grants", "list")
    assert "new recipients" in pair.ok("grants", "show", *PAIR)


def test_editing_a_grant_changes_only_what_is_given(pair: Gatepost) -> None:
    before = pair.json("grants", "add", *PAIR, "--daily", "5", "--allow", "@ok.test", "--expires", "30d")
    after = pair.json("grants", "edit", *PAIR, "--attachments")
    assert {name for name in before if before[name] != after[name]} == {"can_send_attachments", "updated_at"}
    lifted = pair.json("grants", "edit", *PAIR, "--daily", "none", "--expires", "never", "--allow-anybody")
    assert (lifted["daily_email_limit"], lifted["expires_at"], lifted["allowed_recipients"]) == (
        None,
        None,
        None,
    )
    assert pair.json("grants", "edit", *PAIR, "--allow-nobody")["allowed_recipients"] == []
    assert pair.json("grants", "edit", *PAIR, "--allow", "*")["allowed_recipients"] == ["*"]
    assert pair.json("grants", "edit", *PAIR, "--block", "a@x.test")["blocked_recipients"] == ["a@x.test"]
    assert pair.json("grants", "edit", *PAIR, "--block-nobody")["blocked_recipients"] is None


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--allow", "@ok.test", "--allow-nobody"],
        ["--allow-nobody", "--allow-anybody"],
        ["--block", "@ok.test", "--block-nobody"],
        ["--expires", "soon"],
        ["--daily", "many"],
        ["--allow", "(a+)+$"],
        ["--daily", "0"],
    ],
)
def test_what_can_not_be_meant_is_a_usage_error(pair: Gatepost, options: list[str]) -> None:
    before = pair.json("grants", "add", *PAIR)
    assert pair("grants", "edit", *PAIR, *options).exit_code == 2
    assert pair.json("grants", "show", *PAIR) == before


def test_a_bad_pattern_is_named_by_its_option(pair: Gatepost) -> None:
    error = pair.json("grants", "add", *PAIR, "--allow", "@ok.test", "--allow", "b@d@x", code=2)["error"]
    assert error["problems"][0]["field"] == "--allow[1]"


def test_revoking_asks_and_a_revoked_pair_can_be_granted_anew(pair: Gatepost) -> None:
    pair.ok("grants", "add", *PAIR)
    assert pair("grants", "revoke", *PAIR).exit_code == 2
    assert pair.json("grants", "revoke", *PAIR, "--yes")["state"] == "revoked"
    assert pair.json("grants", "list") == []
    assert len(pair.json("grants", "list", "--all")) == 1
    assert pair.json("grants", "add", *PAIR)["state"] == "active"
    assert pair.json("grants", "add", *PAIR, code=2)["error"]["code"] == "conflict"


@pytest.mark.parametrize("which", [[], ["--agent", "bot"], ["0198", *PAIR], ["zzzz"]])
def test_a_grant_has_to_be_named_once_and_whole(pair: Gatepost, which: list[str]) -> None:
    pair.ok("grants", "add", *PAIR)
    assert pair("grants", "show", *which).exit_code == 2
