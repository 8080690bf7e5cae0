"""The Log by keys alone, on a real workspace: it follows, pauses, filters, pages back, and explains."""

from __future__ import annotations

import pytest

from core.delivery.transport import DeliveryReport
from core.errors import DatabaseLocked, ServerRejected
from core.values.mail import RecipientResult
from core.values.operation import LogFilter, OperationRow, Outcome
from tests.tui.conftest import Dashboard, Hands
from tests.tui.log.conftest import House
from tests.tui.test_safe import HOSTILE_SUBJECTS, is_acted_on
from tui.screens.log.table import LogTable

SIZES = [(80, 24), (120, 40)]


def table(hands: Hands) -> LogTable:
    return hands.app.screen_stack[0].query_one("#operations", LogTable)


def subject_of_cursor(hands: Hands) -> str:
    row = table(hands).selected
    return row.subject if row is not None else ""


async def test_a_new_workspace_says_what_will_stand_here(dashboard: Dashboard, owned: object) -> None:
    async with dashboard(start_mode="log") as hands:
        await hands.until(lambda: "Nothing has been sent yet." in hands.seen())
        assert "following" in hands.seen()


@pytest.mark.parametrize("size", SIZES)
async def test_what_happens_appears_by_itself_newest_on_top(
    dashboard: Dashboard, house: House, size: tuple[int, int]
) -> None:
    await house.send(subject="First")
    async with dashboard(start_mode="log", size=size) as hands:
        await hands.until(lambda: "First" in hands.seen())
        await house.send("billing-bot", to="ceo@rival.test", subject="Second")
        await hands.until(lambda: "✕ denied" in hands.seen())
        lines = [line for line in hands.seen().splitlines() if "bot" in line]
        assert "billing-bot" in lines[0]
        assert "ceo@rival" in lines[0]
        assert "support-bot" in lines[1]
        assert "● sent" in lines[1]


async def test_a_pause_counts_what_waits_and_the_next_press_shows_it(
    dashboard: Dashboard, house: House
) -> None:
    await house.send(subject="First")
    async with dashboard(start_mode="log") as hands:
        await hands.until(lambda: "First" in hands.seen())
        await hands.press("space")
        await house.send_many(3)
        await hands.until(lambda: "paused · 3 waiting" in hands.seen())
        assert "Mail" not in hands.seen()
        await hands.press("space")
        await hands.until(lambda: "Mail 2" in hands.seen() and "following" in hands.seen())


async def test_a_reader_away_from_the_top_is_not_moved_and_f_goes_back(
    dashboard: Dashboard, house: House
) -> None:
    await house.send_many(5)
    async with dashboard(start_mode="log") as hands:
        await hands.until(lambda: "Mail 4" in hands.seen())
        await hands.press("down", "down")
        before = [line for line in hands.seen().splitlines() if "Mail" in line]
        await house.send_many(2, start=5)
        await hands.until(lambda: "2 newer" in hands.seen())
        assert [line.split()[-3:] for line in hands.seen().splitlines() if "Mail" in line] == [
            line.split()[-3:] for line in before
        ]
        assert subject_of_cursor(hands) == "Mail 2"
        await hands.press("f")
        await hands.until(lambda: "Mail 6" in hands.seen() and "following" in hands.seen())
        assert subject_of_cursor(hands) == "Mail 6"


async def test_the_filter_narrows_while_it_follows(dashboard: Dashboard, house: House) -> None:
    await house.send(subject="Allowed")
    await house.send("billing-bot", to="ceo@rival.test")
    async with dashboard(start_mode="log") as hands:
        await hands.until(lambda: "Allowed" in hands.seen())
        await hands.press("slash")
        await hands.write("status:denied")
        await hands.press("enter")
        await hands.until(lambda: "Allowed" not in hands.seen() and "rival" in hands.seen())
        await house.send(subject="Allowed too")
        await house.send("billing-bot", to="cfo@rival.test")
        await hands.until(lambda: "cfo@rival" in hands.seen())
        assert "Allowed" not in hands.seen()
        await hands.press("escape")
        await hands.until(lambda: "Allowed too" in hands.seen())


async def test_the_filter_knows_agents_configurations_and_text_together(
    dashboard: Dashboard, house: House
) -> None:
    await house.send("billing-bot", subject="Invoice 7", via="Newsletter")
    await house.send("billing-bot", subject="Invoice 8")
    await house.send(subject="Invoice 9", via="Newsletter")
    async with dashboard(start_mode="log") as hands:
        await hands.until(lambda: "Invoice 9" in hands.seen())
        await hands.press("slash")
        await hands.write('agent:bill via:"news since:1h invoice')
        await hands.until(lambda: "there is no configuration" in hands.seen())
        await hands.rewrite("agent:bill via:news since:1h invoice")
        await hands.until(
            lambda: (
                "Invoice 7" in hands.seen()
                and not any(each in hands.seen() for each in ("Invoice 8", "Invoice 9"))
            )
        )


async def test_an_error_in_the_filter_stands_at_the_filter(dashboard: Dashboard, house: House) -> None:
    await house.send(subject="Hello")
    async with dashboard(start_mode="log") as hands:
        await hands.until(lambda: "Hello" in hands.seen())
        await hands.press("slash")
        await hands.write("agent:zoe")
        await hands.until(lambda: "! agent:zoe: there is no agent of that name" in hands.seen())
        assert "Hello" in hands.seen()
        await hands.rewrite("agent:sup")
        await hands.until(lambda: "there is no agent" not in hands.seen())


async def test_tab_completes_a_name(dashboard: Dashboard, house: House) -> None:
    await house.send("billing-bot")
    async with dashboard(start_mode="log") as hands:
        await hands.until(lambda: "billing-bot" in hands.seen())
        await hands.press("slash")
        await hands.write("agent:bil")
        await hands.until(lambda: "agent:billing-bot" in hands.seen())
        await hands.press("tab")
        assert hands.app.screen.query_one("#filter").value == "agent:billing-bot"


async def test_one_key_narrows_to_what_is_selected_and_the_same_key_widens(
    dashboard: Dashboard, house: House
) -> None:
    await house.send(subject="Of support")
    await house.send("billing-bot", subject="Of billing")
    async with dashboard(start_mode="log") as hands:
        await hands.until(lambda: "Of billing" in hands.seen())
        await hands.press("a")
        await hands.until(lambda: "Of support" not in hands.seen())
        assert "agent:billing-bot" in hands.seen()
        await hands.press("a")
        await hands.until(lambda: "Of support" in hands.seen())
        await hands.press("c")
        await hands.until(lambda: 'via:"Work mail"' in hands.seen())


@pytest.mark.parametrize("size", SIZES)
async def test_a_denial_is_explained_check_by_check(
    dashboard: Dashboard, house: House, size: tuple[int, int]
) -> None:
    await house.send("billing-bot", to="ceo@rival.test", subject="Secret plans", bcc=("audit@example.org",))
    async with dashboard(start_mode="log", size=size) as hands:
        await hands.until(lambda: "✕ denied" in hands.seen())
        await hands.press("enter")
        await hands.until(lambda: "Checks" in hands.seen())
        await hands.press("end")
        assert "✓ agent active" in hands.seen() or "✕ recipients allowed" in hands.seen()
        await hands.until(lambda: "✕ recipients allowed" in hands.seen())
        assert "→" in hands.seen()
        await hands.press("home")
        for word in ("ceo@rival.test", "audit@example.org", "Secret plans", "UTC", "Took"):
            assert word in hands.seen()
        await hands.press("escape")
        await hands.until(lambda: hands.app.focused is table(hands))


async def test_a_failure_shows_the_servers_replies_times_and_remedy(
    dashboard: Dashboard, house: House
) -> None:
    house.transport.report = DeliveryReport(
        outcome=Outcome.FAILED,
        recipients=(
            RecipientResult(address="kim@example.org", accepted=False, code=550, text="no [such] user"),
        ),
        reply="550 no such user",
        error=ServerRejected("the server refused every recipient"),
        timings={"connect": 23},
    )
    await house.send()
    async with dashboard(start_mode="log", size=(120, 40)) as hands:
        await hands.until(lambda: "What the server said" in hands.seen())
        for word in ("! failed", "550 no [such] user", "connect", "23 ms", "→ Read the server's reply"):
            assert word in hands.seen()


async def test_the_log_is_read_back_page_by_page_in_a_bounded_window(
    dashboard: Dashboard, house: House
) -> None:
    await house.send_many(450)
    async with dashboard(start_mode="log") as hands:
        await hands.until(lambda: "Mail 449" in hands.seen())

        async def at_the_end() -> None:
            await hands.press("end")

        for _ in range(6):
            await at_the_end()
        await hands.until(lambda: subject_of_cursor(hands) == "Mail 0")
        await hands.press("home")
        await hands.until(lambda: subject_of_cursor(hands) == "Mail 449")


async def test_the_selected_operation_is_copied_in_full(dashboard: Dashboard, house: House) -> None:
    await house.send(subject="Copy me")
    async with dashboard(start_mode="log") as hands:
        await hands.until(lambda: "Copy me" in hands.seen())
        await hands.press("y")
        assert "Copy me" in hands.app.clipboard
        assert "support-bot" in hands.app.clipboard


async def test_a_database_that_does_not_answer_leaves_the_rows_and_is_asked_again(
    dashboard: Dashboard, house: House
) -> None:
    await house.send(subject="Known")
    async with dashboard(start_mode="log") as hands:
        await hands.until(lambda: "Known" in hands.seen())
        log = hands.app.workspace.log
        real = log.since

        async def locked(*_: object, **__: object) -> list[OperationRow]:
            raise DatabaseLocked("another program holds the database")

        log.since = locked  # type: ignore[method-assign]
        await hands.until(lambda: "another program holds the database" in hands.seen())
        assert "Known" in hands.seen()
        assert "as of" in hands.seen()
        await house.send(subject="Meanwhile")
        log.since = real  # type: ignore[method-assign]
        await hands.until(lambda: "Meanwhile" in hands.seen())
        assert "another program" not in hands.seen()
        assert "following" in hands.seen()


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_words_are_inert_in_list_and_detail(
    dashboard: Dashboard, house: House, size: tuple[int, int]
) -> None:
    """Row by row, as the policy would not let some of them in: what is in the log already must be harmless too."""
    for hostile in HOSTILE_SUBJECTS:
        subject = hostile.encode("utf-8", "replace").decode()
        house.transport.report = DeliveryReport(
            outcome=Outcome.FAILED,
            recipients=(RecipientResult(address=subject, accepted=False, code=550, text=subject),),
            reply=subject,
            error=ServerRejected(subject, remedy=subject),
            timings={subject: 1},
        )
        await house.send()
    async with dashboard(start_mode="log", size=size) as hands:
        rows = len(HOSTILE_SUBJECTS)
        await hands.until(lambda: hands.seen().count("! failed") >= rows)
        for _ in range(rows):
            await hands.press("enter")
            await hands.until(lambda: "What the server said" in hands.seen())
            assert not [char for char in hands.seen() if char != "\n" and is_acted_on(char)]
            svg = hands.app.export_screenshot()
            assert not [char for char in svg if char not in "\n\t" and is_acted_on(char)]
            assert hands.app.is_running
            await hands.press("escape", "down")
    assert hands.app.clipboard == ""
    assert await house.workspace.log.page(LogFilter())
