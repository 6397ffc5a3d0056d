"""What `ztas import` says while it reads, and what came of each file."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING

import click

from ztas_middleware.cli import options
from ztas_middleware.outages import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ztas_middleware.imports.jobs import Imported

SHOWN = 20
"""Refused lines shown on a terminal; a file or a pipe gets them all."""

HOSTS_NAMED = 5
"""Hosts that are named, of those whose requests were left out."""


class Report:
    """What is said during an import, and after it."""

    def __init__(self, *, as_json: bool, is_quiet: bool) -> None:
        self._as_json = as_json
        self._is_quiet = is_quiet
        self._shown = 0
        self._step: Callable[[int], object] = lambda _: None
        self._offset = 0
        self.has_refused = False
        self.has_overlapping = False
        self.has_stored = False
        self.has_missed = False

    @contextmanager
    def over(self, path: str) -> Iterator[None]:
        """Show a bar over a file while it is imported, where somebody looks."""
        from ztas_middleware.imports.files import shown  # only needed here

        self._shown = 0
        self._offset = 0
        size = os.path.getsize(path) if path != "-" and os.path.exists(path) else 0  # noqa: PTH110, PTH202 - a name
        if self._is_quiet or path.endswith(".gz"):
            size = 0  # nobody knows how long it takes
        with options.progress(size, shown(path)) as self._step:
            yield

    def refused(self, name: str, number: int, reason: str) -> None:
        """Name a line that was refused."""
        self._shown += 1
        if self._shown > SHOWN and sys.stderr.isatty():
            return
        click.echo(f"{name}:{number}: {reason}", err=True)

    def reached(self, _: str, offset: int) -> None:
        """Move the bar."""
        self._step(offset - self._offset)
        self._offset = offset

    def add(self, imported: Iterator[Imported]) -> None:
        """Say what came of each file."""
        for one in imported:
            self.has_refused |= bool(one.result.refused or one.before.refused)
            self.has_overlapping |= bool(one.result.overlapping or one.before.refused_days)
            self.has_stored |= bool(one.result.stored)
            self.has_missed |= _is_all_of_another_host(one)
            if self._as_json:
                click.echo(json.dumps(_as_json(one)))
            else:
                click.echo(_as_text(one))


def _is_all_of_another_host(one: Imported) -> bool:
    """Whether a log of one host brought nothing because the config knows that by another name."""
    return len(one.result.remarks.hosts) == 1 and not (one.result.stored or one.before.stored)


def _as_json(one: Imported) -> dict[str, object]:
    result = one.result
    return {
        "file": one.name,
        "format": one.format,
        "lines": result.lines,
        "stored": result.stored,
        "known": result.known,
        "leftOut": dict(result.left_out),
        "refused": dict(result.refused),
        "overlapping": dict(result.overlapping),
        "otherHosts": dict(result.remarks.hosts),
        "notes": dict(result.remarks.notes),
        "before": {
            "lines": one.before.lines,
            "stored": one.before.stored,
            "leftOut": one.before.left_out,
            "refused": one.before.refused,
            "refusedDays": sorted(one.before.refused_days),
        },
    }


def _as_text(one: Imported) -> str:
    result, before = one.result, one.before
    text = f"{one.name} ({one.format}): {result.stored:,} stored of {result.lines:,} lines"
    if before.lines:
        text += f"; {before.lines:,} lines were imported before, {before.stored:,} of them stored"
    details = [("there already", {"rows": result.known} if result.known else {})]
    details += [("left out", result.left_out), ("refused", result.refused)]
    for title, counts in details:
        if counts:
            parts = (f"{number:,} {reason}" for reason, number in _by_number(counts))
            text += f"\n  {title}: {', '.join(parts)}"
    hosts = _by_number(result.remarks.hosts)
    if hosts:
        named = ", ".join(f"{one_line(host)} ({number:,})" for host, number in hosts[:HOSTS_NAMED])
        more = f" and {len(hosts) - HOSTS_NAMED:,} more" if len(hosts) > HOSTS_NAMED else ""
        text += f"\n  other hosts than the site's: {named}{more}; --host HOST counts one"
    for note, number in _by_number(result.remarks.notes):
        text += f"\n  note: {number:,} {note}"
    if refused := before.refused_days - result.overlapping.keys():
        text += (
            f"\n  refused before: days with rows of another origin, {', '.join(_spans(refused))}; "
            "--overlap adds them"
        )
    if result.overlapping:
        text += (
            f"\n  refused: {result.overlapping.total():,} of days with rows of another origin, "
            f"{', '.join(_spans(result.overlapping))}; --overlap adds them"
        )
    return text


def _by_number(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))


def _spans(days: Iterable[str]) -> Iterator[str]:
    """Dates, with those that follow each other as one span."""
    dates = sorted(map(date.fromisoformat, days))
    start = dates[0]
    for day, following in zip(dates, [*dates[1:], None], strict=True):
        if following is None or following - day > timedelta(days=1):
            yield f"{start}" if start == day else f"{start} to {day}"
            start = following or day
