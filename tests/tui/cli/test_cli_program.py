"""`gatepost` as a program: help, options, exit codes, errors without tracebacks, streams, colours, completion."""

from __future__ import annotations

import errno
import json
import os
import pty
import select
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import pytest

from core.workspace import Workspace
from tests.support.postgres import Postgres
from tests.tui.cli.person import MAIL, ROOT, Captured, Gatepost, add_local
from tui.actions import ACTIONS
from tui.cli.exit_codes import MEANINGS, OUTCOMES, ExitCode
from tui.cli.root import cli


def every_command() -> Iterator[tuple[list[str], click.Command]]:
    def walk(words: list[str], command: click.Command) -> Iterator[tuple[list[str], click.Command]]:
        yield words, command
        if isinstance(command, click.Group):
            for name in command.list_commands(click.Context(command)):
                child = command.get_command(click.Context(command), name)
                assert child is not None, name
                yield from walk([*words, name], child)

    return walk([], cli)


def read(arguments: list[str]) -> None:
    """Read a command line to its end without running it. Raises click.UsageError."""
    command: click.Command = cli
    context = click.Context(cli, info_name="gatepost")
    while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        name, *arguments = arguments
        child = command.get_command(context, name)
        assert child is not None, name
        context, command = click.Context(child, parent=context, info_name=name), child
    # The files of an example are not here; everything else has to be right.
    must_exist = [
        parameter.type
        for parameter in command.params
        if isinstance(parameter.type, click.Path) and parameter.type.exists
    ]
    for kind in must_exist:
        kind.exists = False
    try:
        command.make_context("example", arguments, parent=context.parent)
    finally:
        for kind in must_exist:
            kind.exists = True


COMMANDS = {" ".join(words): command for words, command in every_command()}


class TestHelp:
    """Every command explains itself."""

    @pytest.mark.parametrize("words", COMMANDS)
    def test_is_there_for_every_command_and_fits_a_terminal(self, gatepost: Gatepost, words: str) -> None:
        shown = gatepost.ok(*words.split(), "--help", COLUMNS="80")
        assert "Usage: gatepost" in shown
        own = [command for name, command in COMMANDS.items() if name == words]
        assert own[0].help
        if words.partition(" ")[0] != "demo":
            assert max(map(len, shown.splitlines())) <= 90

    def test_has_the_table_of_exit_codes(self, gatepost: Gatepost) -> None:
        shown = gatepost.ok("--help")
        for code, words in MEANINGS.items():
            assert f"{code:>3}  {words}" in shown
        assert set(MEANINGS) == set(ExitCode)
        assert {outcome.value for outcome in OUTCOMES} >= {"sent", "held", "denied", "failed", "unknown"}

    def test_every_command_but_export_has_json(self) -> None:
        without = [
            words
            for words, command in COMMANDS.items()
            if not (isinstance(command, click.Group) and words != "logs")
            and not any(parameter.name == "as_json" for parameter in command.params)
        ]
        assert without == ["capture export"]

    @pytest.mark.parametrize("words", [name for name in COMMANDS if name.partition(" ")[0] != "demo"])
    def test_every_example_can_be_run_as_it_stands(self, words: str) -> None:
        epilog = (COMMANDS[words].epilog or "").replace("\\\n", " ")
        for example in epilog.splitlines():
            if not example.startswith("  ") or "gatepost " not in example:
                continue
            # Without the shell's part and the remark behind it
            words_of_it = example.partition("gatepost ")[2].partition("      ")[0]
            for end in (" | ", " > ", " < ", ')"'):
                words_of_it = words_of_it.partition(end)[0]
            read(shlex.split(words_of_it))

    @pytest.mark.parametrize("command", sorted({action.command for action in ACTIONS if action.command}))
    def test_every_command_that_the_dashboard_names_is_there(self, command: str) -> None:
        program, *words = command.split()
        assert program == "gatepost"
        with suppress(click.MissingParameter):  # the names that a person would add
            read([{"ID": "1"}.get(word, word) for word in words if word != "--help"])

    def test_answers_without_the_heavy_libraries(self) -> None:
        program = (
            "import sys\nfrom tui.cli.root import cli\n"
            "try:\n    cli.main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
            "heavy = {'sqlalchemy', 'textual', 'rich', 'cryptography', 'aiosmtpd', 'email_validator'}\n"
            "heavy &= set(sys.modules)\n"
            "assert not heavy, heavy\n"
        )
        for arguments in (["--help"], ["--version"], ["configs", "add", "--help"], ["completion", "bash"]):
            done = subprocess.run(
                [sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, check=False
            )
            assert done.returncode == 0, done.stderr


class TestOptions:
    """The workspace's options stand before a command or after it, or in variables."""

    def test_a_named_database_is_only_made_by_a_command_to_begin_with(
        self, gatepost: Gatepost, tmp_path: Path
    ) -> None:
        other = tmp_path / "other.sqlite3"
        error = gatepost.json("--database", other, "agents", "list", code=1)["error"]
        assert error["code"] == "database_missing"
        assert not other.exists()
        made = gatepost("agents", "add", "bot", "--database", other)
        assert "Created a new workspace (SQLite) for owner@localhost." in made.stderr
        assert other.exists()
        assert gatepost.json("--database", other, "agents", "list")[0]["name"] == "bot"
        assert not gatepost.database.exists()

    def test_without_one_the_users_own_workspace_is_made(self, gatepost: Gatepost, tmp_path: Path) -> None:
        assert gatepost.json("configs", "list", GATEPOST_DATABASE="") == []
        assert list((tmp_path / "home").rglob("workspace.sqlite3"))

    def test_the_user_and_the_key_can_be_named(self, gatepost: Gatepost, tmp_path: Path) -> None:
        key = tmp_path / "elsewhere" / "key"
        made = gatepost(
            *("--user", "ada@example.com", "--key-file", key, "configs", "add", "Work"),
            *("--host", "smtp.example.com", "--username", "ada@example.com"),
            GATEPOST_PASSWORD="hunter2",
        )
        assert "for ada@example.com." in made.stderr
        assert key.exists()
        stranger = gatepost.json("agents", "list", "--user", "eve@example.com", "--key-file", key, code=1)
        assert stranger["error"]["code"] == "unknown_user"
        wrong = gatepost.json("agents", "list", code=1)["error"]
        assert wrong["code"] in {"master_key_missing", "master_key_wrong"}

    def test_a_password_in_a_database_url_is_not_repeated(self, gatepost: Gatepost, free_port: int) -> None:
        url = f"postgresql://me:hunter2@127.0.0.1:{free_port}/mail"
        for options in ([], ["--json"]):
            refused = gatepost("--database", url, "agents", "list", *options)
            assert refused.exit_code == 1
            assert "hunter2" not in refused.output

    def test_the_version_is_told(self, gatepost: Gatepost) -> None:
        assert gatepost.ok("--version").startswith("gatepost ")


class TestErrors:
    """One place turns every error into words, on the stream where they are read."""

    def test_are_told_on_stderr_with_their_remedy(self, gatepost: Gatepost) -> None:
        gatepost.ok("agents", "add", "bot")
        said = gatepost("agents", "show", "nobody")
        assert (said.exit_code, said.stdout) == (2, "")
        assert said.stderr.startswith("Error: ")
        assert len(said.stderr.splitlines()) == 2

    def test_are_an_object_on_stdout_with_json(self, gatepost: Gatepost) -> None:
        gatepost.ok("agents", "add", "bot")
        said = gatepost("agents", "show", "nobody", "--json")
        assert (said.exit_code, said.stderr) == (2, "")
        error = json.loads(said.stdout)["error"]
        assert error.keys() == {"code", "message", "remedy", "problems"}

    @pytest.mark.parametrize(
        "arguments",
        [
            ["agents", "list", "--nope", "--json"],
            ["--json", "agents", "list"],
            ["agents", "lst", "--json"],
            ["send", "--json"],
            ["logs", "--limit", "-1", "--json"],
            ["logs", "show", "x", "--json"],
        ],
    )
    def test_of_usage_are_an_object_too(self, gatepost: Gatepost, arguments: list[str]) -> None:
        said = gatepost(*arguments)
        assert said.exit_code == 2
        assert json.loads(said.stdout)["error"]["code"] == "usage"

    def test_that_nobody_foresaw_tell_their_place_and_not_what_they_hold(
        self, gatepost: Gatepost, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(*_: Any, **__: Any) -> Workspace:
            raise RuntimeError("password=hunter2")

        monkeypatch.setattr(Workspace, "open", fail)
        for options in ([], ["--json"]):
            said = gatepost("agents", "list", *options)
            assert said.exit_code == 1
            assert "RuntimeError" in said.output
            assert "tui/cli/" in said.output
            assert "hunter2" not in said.output

    def test_show_their_traceback_to_who_asks_for_it(
        self, gatepost: Gatepost, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(*_: Any, **__: Any) -> Workspace:
            raise RuntimeError("oh")

        monkeypatch.setattr(Workspace, "open", fail)
        monkeypatch.setenv("GATEPOST_DEBUG", "1")
        with pytest.raises(AssertionError, match="Traceback"):
            gatepost("agents", "list")

    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
    def test_of_the_system_are_sentences(
        self, gatepost: Gatepost, monkeypatch: pytest.MonkeyPatch, number: int
    ) -> None:
        async def fail(*_: Any, **__: Any) -> Workspace:
            raise OSError(number, os.strerror(number), "/some/file\x1b[2J")

        monkeypatch.setattr(Workspace, "open", fail)
        said = gatepost("agents", "list")
        assert said.exit_code == 1
        assert os.strerror(number) in said.stderr
        assert "/some/file" in said.stderr
        assert "\x1b" not in said.stderr
        assert len(said.stderr.splitlines()) == 2

    def test_of_a_foreign_or_damaged_database_are_sentences(self, gatepost: Gatepost) -> None:
        gatepost.database.write_bytes(b"this is not a database" * 400)
        before = gatepost.database.read_bytes()
        assert gatepost.json("agents", "list", code=1)["error"]["code"] == "database_foreign"
        assert gatepost.database.read_bytes() == before

    def test_a_group_without_a_command_shows_its_help(self, gatepost: Gatepost) -> None:
        said = gatepost("agents")
        assert (said.exit_code, said.stdout) == (2, "")
        assert "Commands:" in said.stderr

    def test_the_dashboard_needs_a_terminal(self, gatepost: Gatepost) -> None:
        said = gatepost()
        assert said.exit_code == 2
        assert "terminal" in said.stderr


def test_ctrl_c_at_a_question_ends_with_130_and_changes_nothing(gatepost: Gatepost) -> None:
    add_local(gatepost, 2525)
    code, seen = in_a_terminal(gatepost, ["configs", "archive", "Local"], b"[y/N]", signal.SIGINT)
    assert code == 130
    assert "Interrupted." in seen
    assert gatepost.json("configs", "list")


def test_no_at_a_question_changes_nothing_and_yes_does(gatepost: Gatepost) -> None:
    add_local(gatepost, 2525)
    code, seen = in_a_terminal(gatepost, ["configs", "archive", "Local"], b"[y/N]", b"n\n")
    assert (code, "Nothing was changed." in seen) == (1, True)
    assert gatepost.json("configs", "list")
    assert in_a_terminal(gatepost, ["configs", "archive", "Local"], b"[y/N]", b"y\n")[0] == 0
    assert gatepost.json("configs", "list") == []


class TestStreams:
    """Colours only for eyes; tables as wide as the terminal; whole words in a pipe."""

    def test_colours_are_for_terminals(self, gatepost: Gatepost) -> None:
        gatepost.ok("agents", "add", "bot")
        assert "\x1b[32m" in in_a_terminal(gatepost, ["agents", "list"])[1]
        assert "\x1b[" not in in_a_terminal(gatepost, ["agents", "list"], NO_COLOR="1")[1]
        assert "\x1b[" not in in_a_terminal(gatepost, ["agents", "list"], TERM="dumb")[1]
        assert "\x1b[" not in gatepost.ok("agents", "list")

    def test_tables_fit_the_terminal_and_are_whole_in_a_pipe(self, gatepost: Gatepost) -> None:
        name = "an agent with a very long name that goes on " * 2
        gatepost.ok("agents", "add", name, "--description", "日本語のとても長い説明です。" * 10)
        assert name.strip() in gatepost.ok("agents", "list")
        _, seen = in_a_terminal(gatepost, ["agents", "list"], COLUMNS="80", NO_COLOR="1")
        lines = seen.splitlines()
        assert all("…" in line for line in lines[1:])
        assert max(map(columns_of, lines)) <= 80

    def test_a_locale_without_our_marks_is_no_failure(self, gatepost: Gatepost) -> None:
        gatepost.ok("agents", "add", "bot")
        process = gatepost.start("agents", "list", env={"PYTHONIOENCODING": "ascii"})
        listed, said = process.communicate()
        assert (process.returncode, said) == (0, b"")
        assert b"? active" in listed

    @pytest.mark.parametrize("options", [[], ["--json"]])
    def test_a_full_disk_behind_stdout_is_told_on_stderr(
        self, gatepost: Gatepost, options: list[str]
    ) -> None:
        gatepost.ok("agents", "add", "bot")
        with Path("/dev/full").open("wb") as full:
            process = gatepost.start("agents", "list", *options, stdout=full)
            said = process.communicate()[1].decode()
        assert process.returncode == 1
        assert os.strerror(errno.ENOSPC) in said
        assert len(said.splitlines()) == 2

    def test_closed_streams_are_no_failure(self, gatepost: Gatepost) -> None:
        gatepost.ok("agents", "add", "bot")
        shell = f"exec {shlex.quote(sys.executable)} -m tui agents list >&- 2>&-"
        environment = {**os.environ, **gatepost.environment}
        assert subprocess.run(["sh", "-c", shell], cwd=ROOT, env=environment, check=False).returncode == 0


class TestDashboard:
    """`gatepost` alone opens it."""

    def test_opens_on_the_users_own_workspace_and_is_left_with_ctrl_q(self, gatepost: Gatepost) -> None:
        code, seen = in_a_terminal(gatepost, [], b"owner@localhost", b"\x11", GATEPOST_DATABASE="")
        assert code == 0
        assert "Traceback" not in seen


@pytest.mark.parametrize(
    ("shell", "words"), [("bash", "complete -o"), ("zsh", "compdef"), ("fish", "complete --no-files")]
)
def test_completion_prints_the_script_of_each_shell(gatepost: Gatepost, shell: str, words: str) -> None:
    assert words in gatepost.ok("completion", shell)
    assert gatepost.json("completion", shell)["shell"] == shell


def test_a_shell_is_told_what_can_follow(gatepost: Gatepost) -> None:
    process = gatepost.start(
        env={"_GATEPOST_COMPLETE": "bash_complete", "COMP_WORDS": "gatepost con", "COMP_CWORD": "1"}
    )
    assert process.communicate()[0].split() == [b"plain,configs"]


def in_a_terminal(
    gatepost: Gatepost,
    arguments: list[str],
    wait_for: bytes = b"",
    answer: bytes | signal.Signals | None = None,
    **environment: str,
) -> tuple[int, str]:
    """Exit code and everything seen of a command in a terminal of its own."""
    terminal, theirs = pty.openpty()
    process = gatepost.start(
        *arguments,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={"TERM": "xterm", **environment},
    )
    os.close(theirs)
    seen, sent = b"", None
    while True:
        if answer is None and sent is not None and not select.select([terminal], [], [], 5)[0]:
            # It came after the question was written and before the answer was waited for: Python then waits on.
            process.send_signal(sent)
        try:
            part = os.read(terminal, 4096)
        except OSError:  # Linux: the other side is gone
            break
        if not part:
            break
        seen += part
        if answer is not None and wait_for in seen:
            if isinstance(answer, bytes):
                os.write(terminal, answer)
            else:
                process.send_signal(answer)
                sent = answer
            answer = None
    os.close(terminal)
    return process.wait(), seen.decode()


def columns_of(line: str) -> int:
    import unicodedata

    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


def test_a_workspace_on_postgresql_works_the_same(
    gatepost: Gatepost, postgres: Postgres, captured: Captured
) -> None:
    url = postgres.create_database()
    gatepost.environment["GATEPOST_DATABASE"] = url
    assert gatepost.json("agents", "list", code=1)["error"]["code"].startswith("database_")
    assert "(PostgreSQL " in gatepost("agents", "add", "bot").stderr
    add_local(gatepost, captured.port)
    gatepost.ok("grants", "add", "--agent", "bot", "--config", "Local")
    assert gatepost.json("send", *MAIL, "--to", "kim@ok.test")["outcome"] == "sent"
    process = gatepost.start("logs", "--follow", "--json")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["outcome"] == "sent"
    gatepost.ok("send", *MAIL, "--to", "lee@ok.test")
    assert json.loads(process.stdout.readline())["params"]["to"] == ["lee@ok.test"]
    process.send_signal(signal.SIGINT)
    assert process.communicate() == (b"", b"")
    assert process.returncode == 0
