"""A report drawn with letters: tables, bars and a sparkline, in so many columns.

It gets the JSON API's answer, and gives lines. Whoever prints them knows the terminal; click takes
the styles away where there is none.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence


class Marks(NamedTuple):
    """What bars and sparklines are made of."""

    levels: str
    """From nothing to full."""
    bar: str
    cut: str
    """Where a text was too long."""


BLOCKS = Marks("▁▂▃▄▅▆▇█", "█", "…")
ASCII = Marks("_.-=*#", "#", "~")


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} m"
    return f"{minutes} m {rest} s" if minutes else f"{rest} s"


_SUMMARY: tuple[tuple[str, str, Callable[[float], str], bool | None], ...] = (
    # key, title, how it is written, whether more is better (None: neither)
    ("uniqueVisitors", "Visitors", lambda number: f"{number:,}", True),
    ("pageviews", "Page views", lambda number: f"{number:,}", True),
    ("sessions", "Sessions", lambda number: f"{number:,}", True),
    ("bounceRate", "Bounce rate", lambda number: f"{number:.1f} %", False),
    ("avgSessionDuration", "Session time", duration, None),
    ("avgTimeOnPage", "Time on page", duration, None),
)
_LISTS = (
    # key, title, what an entry is called by, what it is measured in
    ("pages", "Pages", ("path",), "pageviews"),
    ("entryPages", "Entry pages", ("path",), "sessions"),
    ("exitPages", "Exit pages", ("path",), "sessions"),
    ("sources", "Sources", ("source",), "pageviews"),
    ("referrers", "Referrers", ("referrer",), "pageviews"),
    ("campaigns", "Campaigns", ("source", "medium", "campaign"), "pageviews"),
    ("countries", "Countries", ("country",), "pageviews"),
    ("browsers", "Browsers", ("browser",), "pageviews"),
    ("systems", "Systems", ("os",), "pageviews"),
    ("devices", "Devices", ("device",), "pageviews"),
    ("events", "Events", ("action", "category"), "events"),
)
_TITLES = {"pageviews": "views", "sessions": "sessions", "events": "events", "reads": "reads"}
_BAR = 20
_NUMBER = 11


def marks_for(encoding: str) -> Marks:
    """The marks that a terminal of this encoding can show."""
    try:
        "".join(BLOCKS).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return BLOCKS


def report(document: Mapping[str, Any], width: int, marks: Marks = BLOCKS) -> Iterator[str]:
    """The lines of a report, each at most `width` columns wide."""
    site, period = document["site"], document["period"]
    head = f"{site['domain']}  {period['start']} to {period['end']}  {period['timezone']}"
    yield click.style(fit(head, width, marks).rstrip(), bold=True)
    yield ""
    yield from _summary(document)
    yield ""
    yield from _timeseries(document["timeseries"], width, marks)
    for key, title, names, number in _LISTS:
        yield from _list(document[key], title, (names, number), width, marks)
    yield from _goals(document["goals"], width, marks)
    for funnel in document["funnels"]:
        steps = [(step["name"], step["sessions"], step["rate"]) for step in funnel["steps"]]
        yield from _shares(f"Funnel {funnel['name']}", "sessions", steps, width, marks)


def agents(found: Sequence[Mapping[str, Any]], width: int, marks: Marks = BLOCKS) -> Iterator[str]:
    """The lines on who read pages without being a visitor; none if nobody did."""
    yield from _list(found, "Read by", (("name", "kind"), "reads"), width, marks)


def _summary(document: Mapping[str, Any]) -> Iterator[str]:
    summary, previous = document["summary"], document["previous"]
    for key, title, write, more_is_better in _SUMMARY:
        line = f"{title:<14}{write(summary[key]):>{_NUMBER}}"
        if previous is not None:
            text = change(summary[key], previous[key])
            color = None
            if more_is_better is not None and summary[key] != previous[key]:
                color = "green" if (summary[key] > previous[key]) == more_is_better else "red"
            line += "  " + click.style(f"{text:>8}", fg=color) + f"  from {write(previous[key])}"
        yield line


def _timeseries(points: Sequence[Mapping[str, Any]], width: int, marks: Marks) -> Iterator[str]:
    for key, title in (("uniqueVisitors", "Visitors"), ("pageviews", "Page views")):
        numbers = [point[key] for point in points]
        most = max(numbers, default=0)
        line = sparkline(numbers, width - 30, marks)
        yield f"{title:<14}{click.style(line, fg='cyan')}  most {most:,}"


def _list(
    entries: Sequence[Mapping[str, Any]],
    title: str,
    fields: tuple[tuple[str, ...], str],
    width: int,
    marks: Marks,
) -> Iterator[str]:
    if not entries:
        return
    names, number = fields
    others = [key for key in ("uniqueVisitors", "value") if key in entries[0]]
    room = width - _BAR - 1 - _NUMBER * (1 + len(others))
    heads = [_TITLES[number], *("visitors" if key == "uniqueVisitors" else key for key in others)]
    yield ""
    yield click.style(
        fit(title, room, marks) + "".join(f"{head:>{_NUMBER}}" for head in heads), bold=True
    )
    most = max(entry[number] for entry in entries)
    for entry in entries:
        name = " / ".join(str(entry[key]) for key in names if entry[key] is not None)
        figures = "".join(f"{entry[key]:>{_NUMBER},}" for key in (number, *others))
        yield _with_bar(fit(name, room, marks) + figures, entry[number], most, marks)


def _goals(goals: Sequence[Mapping[str, Any]], width: int, marks: Marks) -> Iterator[str]:
    shares = [(goal["name"], goal["conversions"], goal["conversionRate"]) for goal in goals]
    yield from _shares("Goals", "reached", shares, width, marks)


def _shares(
    title: str, head: str, shares: Sequence[tuple[str, int, float]], width: int, marks: Marks
) -> Iterator[str]:
    if not shares:
        return
    room = width - _BAR - 1 - 2 * _NUMBER
    yield ""
    yield click.style(fit(title, room, marks) + f"{head:>{_NUMBER}}{'rate':>{_NUMBER}}", bold=True)
    for name, number, rate in shares:
        figures = f"{number:>{_NUMBER},}{rate:>{_NUMBER - 2}.1f} %"
        yield _with_bar(fit(name, room, marks) + figures, rate, 100.0, marks)


def _with_bar(text: str, number: float, most: float, marks: Marks) -> str:
    length = round(_BAR * number / most) if most > 0 else 0
    if number > 0:
        length = max(length, 1)
    return f"{text} {click.style(marks.bar * min(length, _BAR), fg='cyan')}" if length else text


def sparkline(numbers: Sequence[int], width: int, marks: Marks = BLOCKS) -> str:
    """The course of `numbers`, squeezed into `width` columns by adding up neighbours."""
    if len(numbers) > width:
        groups = -(-len(numbers) // width)
        numbers = [sum(numbers[at : at + groups]) for at in range(0, len(numbers), groups)]
    most = max(numbers, default=0)
    top = len(marks.levels) - 1
    # Something is never drawn as nothing.
    return "".join(
        marks.levels[max(1, round(top * number / most)) if number else 0] for number in numbers
    )


def change(now: float, before: float) -> str:
    """How much more or less than before, in percent."""
    if now == before:
        return "="
    if not before:
        return "new"
    return f"{(now - before) / before * 100:+,.0f} %"


def fit(text: str, width: int, marks: Marks = BLOCKS) -> str:
    """`text` in exactly `width` columns, without anything that would steer a terminal."""
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    ends = list(accumulate(map(_columns, text), initial=0))
    if ends[-1] > width:
        text = text[: bisect_right(ends, width - 1) - 1] + marks.cut
    return text + " " * (width - sum(map(_columns, text)))


def _columns(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 1 + (unicodedata.east_asian_width(letter) in "WF")
