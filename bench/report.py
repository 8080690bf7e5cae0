"""What all benchmarks share: options, alternating rounds, medians and spread, a table or one JSON object."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured thing. `baseline` and `target` have the unit of `value`, unless the target is for the ratio."""

    what: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    target: str | None = None
    met: bool | None = None
    spread: str = ""  # lowest to highest round


@dataclass(frozen=True, slots=True)
class Options:
    """How a benchmark was asked to run. Quick finishes within 45 s."""

    as_json: bool
    is_quick: bool


def options(description: str, arguments: Sequence[str] | None = None) -> Options:
    """Read the two options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: within 45 s")
    given = parser.parse_args(arguments)
    return Options(as_json=given.json, is_quick=given.quick)


def median_and_spread(values: Sequence[float], digits: int = 2) -> tuple[float, str]:
    """The median, and the lowest and highest round as text."""
    return statistics.median(values), f"{min(values):.{digits}f}–{max(values):.{digits}f}"


def machine() -> str:
    """Enough to judge a figure by: cores, architecture, Python."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def show(name: str, figures: Sequence[Figure], how: Options) -> int:
    """Print the result; the exit code is 1 when a target was missed."""
    if how.as_json:
        print(json.dumps({"name": name, "machine": machine(), "figures": [asdict(each) for each in figures]}))
    else:
        print(f"{name} · {machine()}")
        for each in figures:
            print(_line(each))
    return 0 if all(each.met is not False for each in figures) else 1


def _line(figure: Figure) -> str:
    text = f"  {figure.what:<58} {figure.value:>10.2f} {figure.unit}"
    if figure.spread:
        text += f"  ({figure.spread})"
    if figure.ratio is not None:
        text += f"  ratio {figure.ratio:.2f}"
    if figure.target is not None:
        text += f"  target {figure.target}: {'met' if figure.met else 'MISSED'}"
    return text
