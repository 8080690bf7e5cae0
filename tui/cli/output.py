"""Where the command line writes: data to stdout, narration to stderr, nothing that could move a terminal.

Colour only where a terminal shows it and NO_COLOR is not set. A reader that closes the pipe (`| head`) is
no error: what is written after that goes nowhere, and `closed` says so.
"""

from __future__ import annotations

import os
import select
import shutil
import sys
from typing import Any, Final, TextIO

import click

from tui.cli import encode

# How a state is written: its mark, and the colour that supports it. Never the colour alone.
MARKS: Final = {
    "sent": ("●", "green"),
    "held": ("◌", "yellow"),
    "denied": ("✕", "red"),
    "failed": ("!", "red"),
    "unknown": ("?", "yellow"),
    "good": ("✓", "green"),
    "bad": ("✕", "red"),
    "off": ("‖", "yellow"),
    "none": ("–", "bright_black"),
}


class Output:
    """Both streams of one run. Make it when the run starts: it looks at what stdout and stderr are then."""

    def __init__(self) -> None:
        # Python has none of them where the caller closed them (`>&-`).
        sys.stdout = sys.stdout or _nowhere()
        sys.stderr = sys.stderr or _nowhere()
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                # A mark that the terminal's encoding lacks is shown as `?` instead of ending the program.
                stream.reconfigure(errors="replace")
        self.is_terminal = sys.stdout.isatty()
        self.has_colour = _wants_colour(sys.stdout)
        self._narrates_in_colour = _wants_colour(sys.stderr)
        self.closed = False  # the reader went away
        self.failed = False  # stdout can't be written: an error has to be told elsewhere

    @property
    def width(self) -> int | None:
        """The columns that a table may take; None where nobody looks: a pipe gets every word whole."""
        return shutil.get_terminal_size((80, 24)).columns if self.is_terminal else None

    def data(self, line: str = "") -> None:
        """Write one line (or several) to stdout. Foreign text in it must have passed `clean`."""
        self._write(f"{line}\n")

    def json(self, value: object, *, line: bool = False) -> None:
        """Write `value` to stdout as JSON; on one line where each line is an object of its own."""
        self._write(encode.text(value, indent=None if line else 2) + "\n")

    def raw(self, content: bytes) -> None:
        """Write bytes to stdout as they are: for pipes and files only, never for a terminal."""
        self._guarded(
            lambda: (sys.stdout.flush(), sys.stdout.buffer.write(content), sys.stdout.buffer.flush())
        )

    def narrate(self, line: str = "", *, colour: str | None = None) -> None:
        """Tell a person something on stderr."""
        if colour and self._narrates_in_colour:
            line = click.style(line, fg=colour)
        try:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
        except OSError:  # nobody can be told; what stdout and the exit code say still holds
            sys.stderr = _nowhere()

    def paint(self, text: str, colour: str | None = None, *, bold: bool = False, dim: bool = False) -> str:
        """`text` in a colour, where stdout shows colours."""
        if not self.has_colour:
            return text
        return click.style(text, fg=colour, bold=bold or None, dim=dim or None)

    def marked(self, state: str, words: str) -> str:
        """`● sent`: mark and words of a state. `words` must be ours or clean."""
        mark, colour = MARKS[state]
        return self.paint(f"{mark} {words}", colour)

    def reader_is_gone(self) -> bool:
        """Whether the other end of the pipe was closed, even if nothing was written since."""
        if self.closed or self.is_terminal or not hasattr(select, "poll"):
            return self.closed
        try:
            poll = select.poll()
            poll.register(sys.stdout.fileno(), 0)
            self.closed = any(event & (select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))
        except (OSError, ValueError):
            return False  # not a real file: nobody can close it
        return self.closed

    def _write(self, text: str) -> None:
        self._guarded(lambda: (sys.stdout.write(text), sys.stdout.flush()))

    def _guarded(self, write: Any) -> None:
        try:
            write()
        except BrokenPipeError:
            self.closed = True
            sys.stdout = _nowhere()
        except OSError:  # a full disk, most likely: what is still buffered must not fail again at the end
            self.failed = True
            sys.stdout = _nowhere()
            raise


def clean(text: object) -> str:
    """Foreign text on one line, inert in a terminal."""
    return _sanitise(str(text), multiline=False)


def clean_lines(text: str) -> str:
    """Foreign text of several lines, inert but for its line ends."""
    return _sanitise(text, multiline=True)


def _sanitise(text: str, *, multiline: bool) -> str:
    if text.isascii() and text.isprintable():
        return text  # what nearly everything is; without the import below, which takes a fifth of a second
    try:
        from tui.safe import sanitise
    except ImportError:  # a broken installation has to be able to say so
        return text.encode("unicode_escape").decode("ascii")
    return sanitise(text, multiline=multiline)


def _wants_colour(stream: TextIO) -> bool:
    # https://no-color.org: present and not empty, whatever its value.
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 (it stands in for stdout until the end)
