"""`gatepost users`: the people who share a workspace."""

from __future__ import annotations

from tests.tui.cli.person import Gatepost


def test_a_second_user_has_agents_of_their_own(gatepost: Gatepost) -> None:
    gatepost.ok("agents", "add", "bot")
    assert gatepost.json("users", "add", "grace@example.org", "--name", "Grace")["display_name"] == "Grace"
    assert [row["email"] for row in gatepost.json("users", "list")] == [
        "grace@example.org",
        "owner@localhost",
    ]
    assert gatepost.json("--user", "grace@example.org", "agents", "list") == []
    assert [row["name"] for row in gatepost.json("--user", "owner@localhost", "agents", "list")] == ["bot"]


def test_a_workspace_of_several_users_asks_which_one(gatepost: Gatepost) -> None:
    gatepost.ok("agents", "add", "bot")
    gatepost.ok("users", "add", "grace@example.org")
    assert gatepost.json("agents", "list", code=1)["error"]["code"] == "unknown_user"


def test_an_address_is_taken_once_and_has_to_be_one(gatepost: Gatepost) -> None:
    gatepost.ok("agents", "add", "bot")
    gatepost.ok("users", "add", "grace@example.org")
    assert gatepost.json("users", "add", "Grace@example.org", code=2)["error"]["code"] == "conflict"
    assert gatepost.json("users", "add", "nobody", code=2)["error"]["code"] == "invalid_input"
