"""A list at length: searched, sorted by any of its columns, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from ztas_middleware.filters import PROPERTY, literal
from ztas_middleware.reports.questions import BreakdownQuestion
from ztas_middleware.web.dashboard.lists import (
    FACES,
    Column,
    Row,
    columns_of,
    empty,
    entry_name,
    filter_link,
    rows_of,
)
from ztas_middleware.web.dashboard.names import NOTHING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ztas_middleware.reports.answers import Entry, Report
    from ztas_middleware.reports.reader import Reports
    from ztas_middleware.web.dashboard.questions import Question

PAGE: Final = 100
"""Rows of a page."""

LONGEST: Final = 100_000
"""Rows that are looked at."""

NAME: Final = "name"

_PROPERTY_COLUMNS = (
    Column("visitors", "Visitors"),
    Column("pageviews", "Views"),
    Column("events", "Events"),
)
METRICS: Final = ("uniqueVisitors", "pageviews", "events")
"""What is told of a property's value."""


class Head(NamedTuple):
    """What is above a column."""

    title: str
    href: str
    """Sorts by it, or the other way round."""
    sort: str | None
    """`ascending`, `descending`, or None where it is not what rows are sorted by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A page of a list."""

    title: str
    heads: tuple[Head, ...]
    """The names' one first."""
    rows: tuple[Row, ...]
    has_share: bool
    number: int
    """Rows in all."""
    first: int
    """The number of the first row of this page, from 1."""
    before: str | None
    """The page before."""
    after: str | None
    search: str
    empty: str
    is_cut: bool
    """Whether there are more rows than are looked at."""


def table_of(report: Report, key: str, question: Question) -> Table:
    """A list of a report that has `LONGEST` entries of it."""
    columns = columns_of(report, key)
    entries = found_of(report, key, question)
    page = entries[question.asked.offset :][:PAGE]
    most = max((getattr(entry, columns[0].key) or 0 for entry in entries), default=0)
    rows = rows_of(report, key, page, columns, question, most)
    is_cut = len(report.lists[key]) >= LONGEST
    face = FACES[key]
    return _table((face.title, face.name), columns, rows, len(entries), question, is_cut=is_cut)


def found_of(report: Report, key: str, question: Question) -> Sequence[Entry]:
    """The entries that are searched for, sorted as the address says."""
    columns = columns_of(report, key)
    wanted = question.look.get("search", "").casefold()
    named = [(entry_name(key, entry), entry) for entry in report.lists[key]]
    if wanted:
        named = [(name, entry) for name, entry in named if wanted in name.casefold()]
    by, backwards = _sort(columns, question)
    if by == NAME:
        named.sort(key=lambda pair: pair[0].casefold(), reverse=backwards)
    else:
        named.sort(key=lambda pair: getattr(pair[1], by) or 0, reverse=not backwards)
    return [entry for _, entry in named]


def property_table(reports: Reports, question: Question) -> Table:
    """The values of a property; errors as in `values_of`."""
    name, offset = question.chosen or "", question.asked.offset
    values = values_of(reports, question)
    most = max((value.numbers[0] for value in values), default=0) or 1
    rows = []
    for value in values[offset:][:PAGE]:
        href, active = filter_link({name: literal(value.text or "")}, question)
        share = value.numbers[0] / most
        rows.append(
            Row(name=value.shown, href=href, active=active, share=share, cells=value.numbers)
        )
    titles = (name.removeprefix(PROPERTY), "Value")
    return _table(titles, _PROPERTY_COLUMNS, rows, len(values), question, is_cut=False)


class Value(NamedTuple):
    """A value of a property."""

    json: object
    """As it was sent; None is none."""
    numbers: tuple[int, ...]
    """Of `METRICS`."""

    @property
    def text(self) -> str | None:
        """As JSON writes it, but for the quotes of a text."""
        if isinstance(self.json, bool):
            return str(self.json).lower()
        return None if self.json is None else str(self.json)

    @property
    def shown(self) -> str:
        """As a reader sees it."""
        return NOTHING if self.text is None else self.text


def values_of(reports: Reports, question: Question) -> list[Value]:
    """The values of a property that are searched for, sorted as the address says.

    Raises:
        StorageError: the database can't be read.
    """
    name, asked = question.chosen or "", question.asked
    breakdown = reports.breakdown(
        BreakdownQuestion(
            site=asked.site,
            period=asked.period,
            now=asked.now,
            filters=asked.filters,
            by=(name,),
            metrics=METRICS,
            order="uniqueVisitors",
            limit=LONGEST,
        )
    )
    wanted = question.look.get("search", "").casefold()
    values = [Value(row[name], tuple(row[metric] for metric in METRICS)) for row in breakdown.rows]
    found = [value for value in values if wanted in value.shown.casefold()]
    by, backwards = _sort(_PROPERTY_COLUMNS, question)
    if by == NAME:
        found.sort(key=lambda value: value.shown.casefold(), reverse=backwards)
    else:
        at = [column.key for column in _PROPERTY_COLUMNS].index(by)
        found.sort(key=lambda value: value.numbers[at], reverse=not backwards)
    return found


def _table(
    titles: tuple[str, str],
    columns: Sequence[Column],
    rows: Sequence[Row],
    number: int,
    question: Question,
    *,
    is_cut: bool,
) -> Table:
    """A page of a list; `titles` are its own and the one above its names."""
    offset = question.asked.offset
    key = question.chosen or ""
    by, backwards = _sort(columns, question)
    heads = [_head(NAME, titles[1], by, backwards, question)]
    heads += [_head(column.key, column.title, by, backwards, question) for column in columns]
    before = {"offset": str(max(0, offset - PAGE))}
    after = {"offset": str(offset + PAGE)}
    return Table(
        title=titles[0],
        heads=tuple(heads),
        rows=tuple(rows),
        has_share=key in FACES and FACES[key].has_share,
        number=number,
        first=offset + 1,
        before=question.at_length(before) if offset else None,
        after=question.at_length(after) if offset + PAGE < number else None,
        search=question.look.get("search", ""),
        empty="No name has that in it." if question.look.get("search") else empty(key, question),
        is_cut=is_cut,
    )


def _sort(columns: Sequence[Column], question: Question) -> tuple[str, bool]:
    """By what rows are sorted, and whether against the usual direction."""
    wanted = question.look.get("sort", "")
    by = wanted.removeprefix("-")
    if by != NAME and by not in {column.key for column in columns}:
        return columns[0].key, False
    return by, wanted.startswith("-")


def _head(key: str, title: str, by: str, backwards: bool, question: Question) -> Head:
    is_current = key == by
    ascending = (key == NAME) != backwards
    turned = f"-{key}" if is_current and not backwards else key
    sort = ("ascending" if ascending else "descending") if is_current else None
    return Head(title, question.at_length({"sort": turned}), sort)
