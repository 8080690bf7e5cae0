"""The stage: sample data in a real workspace, a past in its log, and nothing left open."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

from core.values.configuration import CheckStatus
from core.values.operation import LogFilter, OperationType, Outcome
from tui.demo.stage import open_stage


async def test_every_user_finds_what_the_files_say_and_nothing_of_the_other(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        data = stage.data
        for user, workspace in stage.workspaces.items():
            configurations = await workspace.configurations.list(include_archived=True)
            assert {row.name for row in configurations} == {
                found.name for found in data.configurations if found.user == user
            }
            agents = {row.name for row in await workspace.agents.list()}
            assert agents == {agent.name for agent in data.agents if agent.user == user}
            grants = await workspace.grants.list()
            assert {(row.agent_name, row.connection_name) for row in grants} == {
                (grant.agent, grant.configuration) for grant in data.grants if grant.agent in agents
            }
            log = await workspace.log.page(LogFilter(), limit=10_000)
            assert {row.agent_name for row in log} - {None} <= agents
            assert len(log) > 100
        assert stage.history > 2_000


async def test_what_is_called_tested_was_tested_for_real(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        workspace = stage.workspaces[stage.data.users[0].email]
        status = {row.name: row.test_status for row in await workspace.configurations.list()}
        assert status["Work mail"] is CheckStatus.SUCCESS
        assert status["Legacy relay"] is CheckStatus.FAILED
        assert status["Branch office"] is CheckStatus.FAILED
        tests = await workspace.log.page(LogFilter(operation_type=OperationType.TEST_CONNECTION))
        assert {row.outcome for row in tests} == {Outcome.TESTED, Outcome.FAILED}


async def test_the_limits_of_today_count_what_the_log_says_was_taken(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        now = stage.clock.now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        for workspace in stage.workspaces.values():
            for row in await workspace.configurations.list():
                taken = await workspace.log.page(
                    LogFilter(
                        smtp_config_id=row.id,
                        operation_type=OperationType.SEND_EMAIL,
                        outcomes=frozenset(Outcome) - {Outcome.DENIED},
                        since=midnight,
                    ),
                    limit=10_000,
                )
                assert row.sent_today == len(taken)
                assert row.recipients_today == sum(each.recipients_count for each in taken)


async def test_the_key_lies_apart_from_the_database_and_is_private(tmp_path: Path) -> None:
    async with open_stage(tmp_path, history=False) as stage:
        assert stage.history == 0
        assert stage.paths.key.parent != stage.paths.workspace.parent
        if sys.platform != "win32":
            assert stat.S_IMODE(stage.paths.key.stat().st_mode) == 0o600


async def test_the_server_is_gone_when_the_stage_is_left(tmp_path: Path) -> None:
    async with open_stage(tmp_path, history=False) as stage:
        server = stage.server
        assert server.running
    assert not server.running
