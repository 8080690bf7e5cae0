from __future__ import annotations

import json
import signal
import smtplib
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dev_server import CaptureStore


def start(*arguments: str) -> tuple[subprocess.Popen[str], dict[str, object]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "dev_server", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    return process, json.loads(line)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_ends_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    file = tmp_path / "capture.db"
    process, address = start("--store", str(file))
    with process:
        with smtplib.SMTP("127.0.0.1", int(str(address["port"]))) as smtp:
            smtp.sendmail("a@b.test", ["c@d.test"], "Subject: x\r\n\r\nhi\r\n")
        process.send_signal(number)
        output, errors = process.communicate(timeout=30)
        assert (process.returncode, output, errors) == (0, "", "")
    with CaptureStore.open(file, create=False) as store:
        assert store.count() == 1


@pytest.mark.parametrize("round_", range(2))
def test_every_acknowledged_mail_is_there_after_kill_9_under_load(tmp_path: Path, round_: int) -> None:
    file = tmp_path / "capture.db"
    process, address = start("--store", str(file))
    acknowledged: list[str] = []
    enough = threading.Semaphore(0)

    def client(number: int) -> None:
        try:
            with smtplib.SMTP("127.0.0.1", int(str(address["port"]))) as smtp:
                for mail in range(10_000):
                    subject = f"{number}-{mail}"
                    smtp.sendmail("a@b.test", ["c@d.test"], f"Subject: {subject}\r\n\r\n{'x' * 4000}\r\n")
                    acknowledged.append(subject)
                    enough.release()
        except (smtplib.SMTPException, OSError):
            pass

    threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(100 + 37 * round_):
        assert enough.acquire(timeout=30)
    process.kill()
    for thread in threads:
        thread.join()
    process.communicate()
    with CaptureStore.open(file, create=False) as store:
        kept = {message.subject for message in store.list(limit=100_000)}
        assert len(acknowledged) >= 100
        assert kept >= set(acknowledged)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--host", "0.0.0.0"), 2, "other machines"),
        (("--store", "/nowhere/at/all.db"), 1, "no folder"),
        (("--port", "99999"), 2, "65535"),
        (("--require-auth", "--no-auth"), 2, "AUTH"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments: tuple[str, ...], code: int, words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dev_server", *arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr and "Traceback" not in done.stderr and done.stderr.count("\n") == 1
