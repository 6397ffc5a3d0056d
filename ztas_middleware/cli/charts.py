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

from ztas_middleware.dimensions import LISTS

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


class Figure(NamedTuple):
    """How one of the numbers of a summary is shown."""

    key: str
    title: str
    write: Callable[[float], str]
    is_good: bool | None
    """Whether more of it is better; None: neither."""
    is_share: bool = False
    """Whether it is a percentage, of which changes are points."""


_SUMMARY = (
    Figure("uniqueVisitors", "Visitors", lambda number: f"{number:,}", is_good=True),
    Figure("pageviews", "Page views", lambda number: f"{number:,}", is_good=True),
    Figure("sessions", "Sessions", lambda number: f"{number:,}", is_good=True),
    Figure("bounceRate", "Bounce rate", lambda number: f"{number:.1f} %", False, is_share=True),
    Figure("avgSessionDuration", "Session time", duration, None),
    Figure("avgTimeOnPage", "Time on page", duration, None),
)
_TITLES = {"pageviews": "views", "sessions": "sessions", "events": "events", "reads": "reads"}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_BAR = 20
_NUMBER = 11


def marks_for(encoding: str) -> Marks:
    """The marks that a terminal of this encoding can show."""
    try:
        "".join(BLOCKS).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return BLOCKS


def report(
    document: Mapping[str, Any], losses: Mapping[str, int], width: int, marks: Marks = BLOCKS
) -> Iterator[str]:
    """The lines of a report, each at most `width` columns wide.

    Args:
        document: the JSON API's answer.
        losses: what was not counted, by reason.
        width: columns of the terminal.
        marks: what it can show.
    """
    site, period = document["site"], document["period"]
    head = f"{site['domain']}  {period['start']} to {period['end']}  {period['timezone']}"
    yield click.style(fit(head, width, marks).rstrip(), bold=True)
    yield from _pruned(period)
    if until := period.get("completeUntil"):
        yield f"The hits of all machines are there up to {until[:19].replace('T', ' ')}."
    yield ""
    yield from _summary(document)
    if losses:
        counts = ", ".join(f"{reason} {number:,}" for reason, number in losses.items())
        yield fit(f"{'Not counted':<14}{counts}  (ztas doctor)", width, marks).rstrip()
    yield ""
    yield from _timeseries(document["timeseries"], width, marks)
    for key, found in LISTS.items():
        yield from _list(
            document[key], found.noun[1], (tuple(found.keys), found.counts.value[0]), width, marks
        )
    yield from _week(document["weekHours"], marks)
    if document["properties"]:
        yield ""
        yield click.style("Properties", bold=True)
        yield fit(", ".join(document["properties"]), width, marks).rstrip()
    yield from _goals(document["goals"], width, marks)
    for funnel in document["funnels"]:
        steps = [(step["name"], step["sessions"], step["rate"]) for step in funnel["steps"]]
        yield from _shares(f"Funnel {funnel['name']}", "sessions", steps, width, marks)


def agents(found: Sequence[Mapping[str, Any]], width: int, marks: Marks = BLOCKS) -> Iterator[str]:
    """The lines on who read pages without being a visitor; none if nobody did."""
    yield from _list(found, "Read by", (("name", "kind"), "reads"), width, marks)


def breakdown(
    document: Mapping[str, Any], by: Sequence[str], width: int, marks: Marks = BLOCKS
) -> Iterator[str]:
    """The lines of a breakdown by some keys."""
    yield from _pruned(document)
    title = f"{' / '.join(by)}, {len(document['rows'])} of {document['total']:,}"
    yield from _list(document["rows"], title, (tuple(by), "pageviews"), width, marks)


def _pruned(answered: Mapping[str, Any]) -> Iterator[str]:
    """What is said where the rows of some days are not there any more."""
    if first := answered.get("answersFrom"):
        yield f"Older hits were pruned: these numbers begin on {first}."


def _summary(document: Mapping[str, Any]) -> Iterator[str]:
    summary = document["summary"]
    # Half a day is held against half a day.
    previous = document.get("previousSoFar") or document.get("previous")
    for figure in _SUMMARY:
        now = summary[figure.key]
        line = f"{figure.title:<14}{figure.write(now):>{_NUMBER}}"
        if previous is not None:
            before = previous[figure.key]
            text = points(now, before) if figure.is_share else change(now, before)
            color = None
            if figure.is_good is not None and now != before:
                color = "green" if (now > before) == figure.is_good else "red"
            line += "  " + click.style(f"{text:>9}", fg=color) + f"  from {figure.write(before)}"
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
    # Of days that were sealed before sessions were counted, there are page views.
    number = "pageviews" if any(entry.get(number) is None for entry in entries) else number
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


def _week(hours: Sequence[Mapping[str, Any]], marks: Marks) -> Iterator[str]:
    most = max((hour["uniqueVisitors"] for hour in hours), default=0)
    if not most:
        return
    yield ""
    yield click.style(f"{'Visitors by hour':<20}0     6     12    18", bold=True)
    for number, name in enumerate(_WEEKDAYS, 1):
        day = [hour["uniqueVisitors"] for hour in hours if hour["weekday"] == number]
        yield f"{name:<20}{click.style(sparkline(day, 24, marks, most), fg='cyan')}"


def journeys(document: Mapping[str, Any], width: int, marks: Marks = BLOCKS) -> Iterator[str]:
    """The lines of what comes before and after a page or an event."""
    yield from _pruned(document)
    for key, title in (("before", "Before"), ("after", "After")):
        yield from _list(document[key], title, (("path",), "sessions"), width, marks)


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


def sparkline(
    numbers: Sequence[int], width: int, marks: Marks = BLOCKS, most: int | None = None
) -> str:
    """The course of `numbers`, squeezed into `width` columns by adding up neighbours.

    Args:
        numbers: whole numbers, none of them negative.
        width: how many columns there are.
        marks: what the terminal can show.
        most: what is drawn at full height; None is the largest of the numbers.
    """
    if len(numbers) > width:
        groups = -(-len(numbers) // width)
        numbers = [sum(numbers[at : at + groups]) for at in range(0, len(numbers), groups)]
    most = max(numbers, default=0) if most is None else most
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


def points(now: float, before: float) -> str:
    """How much more or less of a hundred than before."""
    return "=" if now == before else f"{now - before:+.1f} pts"


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
