"""What the database says of a site's history, and which of its days have to be filed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.acquisition.channels import mark as mark_of_sources
from ztas_middleware.days import EARLIEST, LATEST
from ztas_middleware.history.clock import ONE_DAY, bounds_of, date_at
from ztas_middleware.history.columns import ROWS
from ztas_middleware.history.totals import TOTALS
from ztas_middleware.store.history_tables import QUARTER, TRIGGERS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable
    from datetime import tzinfo

    from ztas_middleware.config.model import Site
    from ztas_middleware.history.reading import Span

VERSION = 1
"""Goes up with every change of what is noted on a row or counted for a day."""

CHUNK = 20_000
"""Ids looked at in one transaction."""

GAP = 2_000
"""How far apart two ids may be to be of one span: to skip another's hit takes 0.2 us."""

FILED, MOVING, MOVED, SEALED = "filed", "moving", "moved", "sealed"


class Rules:
    """One site's rules: everything in its configuration that what is filed depends on."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.site_id = site.id
        self.zone = site.timezone
        self.domains = site.domains
        told = [
            VERSION,
            sorted(json.dumps(asdict(domain)) for domain in site.domains),
            mark_of_sources(),
            [tuple(column) for column in (*ROWS, *TOTALS)],
        ]
        digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
        self.mark = f"{digest} {site.timezone}"
        """By which it is known whether a day was filed by these."""


class FiledDay(NamedTuple):
    """A day as it is in the history."""

    state: str
    rows: int
    last_id: int
    generation: str
    rules: str


class State(NamedTuple):
    """What the database says of a site at one moment."""

    identity: str
    """Of the database, for this site; empty if nothing was ever filed."""
    watermark: int
    open: list[Span]
    changes: int
    cuts: int
    newest: int
    """The largest id of any hit."""
    has_triggers: bool
    days: dict[date, FiledDay]
    noted: frozenset[int]
    """Quarters of an hour with hits that were deleted or changed by hand."""


def load_state(connection: sqlite3.Connection, site_id: str) -> State:
    """The state of a site's history; in a transaction."""
    row = connection.execute(
        "select identity, watermark, open, changes, cuts from history_sites where site_id = ?",
        (site_id,),
    ).fetchone()
    identity, watermark, open_, changes, cuts = row or ("", -(2**63), "[]", 0, 0)
    (triggers,) = connection.execute(
        f"""
        select count(*) from sqlite_schema
        where type = 'trigger' and name in ({", ".join(f"'{name}'" for name in TRIGGERS)})
        """
    ).fetchone()
    (newest,) = connection.execute("select ifnull(max(id), 0) from hits").fetchone()
    days = connection.execute(
        """
        select day, state, rows, last_id, generation, rules from history_days where site_id = ?
        """,
        (site_id,),
    )
    noted = connection.execute("select quarter from history_changes where site_id = ?", (site_id,))
    return State(
        identity,
        watermark,
        [(first, last) for first, last in json.loads(open_)],
        changes,
        cuts,
        newest,
        triggers == len(TRIGGERS),
        {date.fromisoformat(day): FiledDay(*rest) for day, *rest in days},
        frozenset(quarter for (quarter,) in noted),
    )


@dataclass
class Survey:
    """Where the hits are that are not known to be filed, by quarter of an hour."""

    is_full: bool
    """Whether all hits were looked at, and not only those that are open or new."""
    upto: int
    """The newest id that was looked at."""
    changes: int
    cuts: int
    base: int
    """The watermark that there was when it was begun."""
    spans: dict[int, list[Span]] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)

    def is_good_for(self, state: State, *, full: bool) -> bool:
        """Whether it only has to be continued, since nothing that it looked at has changed."""
        return (
            self.changes == state.changes
            and self.cuts == state.cuts
            and self.base == state.watermark
            and (self.is_full or not full)
        )

    def between(self, start: int, end: int) -> list[Span]:
        """The spans of a stretch of time, merged."""
        first, last = start // QUARTER, (end - 1) // QUARTER
        if last - first < len(self.spans):
            wanted = [self.spans.get(quarter, ()) for quarter in range(first, last + 1)]
        else:
            wanted = [spans for at, spans in self.spans.items() if first <= at <= last]
        return merged(span for spans in wanted for span in spans)

    def number(self, start: int, end: int) -> int:
        """How many hits there are at most in a stretch of whole quarters."""
        return sum(
            self.counts.get(quarter, 0) for quarter in range(start // QUARTER, -(-end // QUARTER))
        )

    def days(self, zone: tzinfo) -> dict[date, int]:
        """The newest id of each day that has any."""
        newest: dict[date, int] = {}
        day, end = date.min, -1
        for quarter in sorted(self.spans):
            instant = quarter * QUARTER
            if instant >= end:
                day = date_at(instant, zone)
                end = bounds_of(day, day, zone)[1]
            newest[day] = max(newest.get(day, -(2**63)), self.spans[quarter][-1][1])
        return newest


def look(
    connection: sqlite3.Connection,
    site_id: str,
    state: State,
    *,
    full: bool,
    known: Survey | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> Survey:
    """Look at the hits that are open or new, or at all.

    Args:
        connection: in autocommit mode.
        site_id: whose hits.
        state: the site's.
        full: whether all are to be looked at.
        known: an older survey, which is continued if nothing has changed.
        progress: told how many ids were looked at, every now and then.
    """
    if known is not None and known.is_good_for(state, full=full):
        survey, todo = known, [(known.upto + 1, state.newest)]
    else:
        survey = Survey(full, state.newest, state.changes, state.cuts, state.watermark)
        todo = [(-(2**63), state.newest)]
        if not full:
            todo = [*state.open, (state.watermark + 1, state.newest)]
            if state.watermark == -(2**63):
                todo = [(-(2**63), state.newest)]
    for first, last in todo:
        at = first
        while at <= last:
            until = _look_at_some(connection, site_id, survey, at, last)
            if until is None:
                break
            progress(CHUNK)
            at = until + 1
    survey.upto = max(survey.upto, state.newest)
    return survey


def _look_at_some(
    connection: sqlite3.Connection, site_id: str, survey: Survey, first: int, last: int
) -> int | None:
    """Look at the next ids; the last of them, None if there are none."""
    bound = {"first": first, "last": last, "site": site_id}
    connection.execute("begin")
    try:
        (until,) = connection.execute(
            f"""
            select max(id) from (
                select id from hits where id between :first and :last order by id limit {CHUNK}
            )
            """,
            bound,
        ).fetchone()
        if until is None:
            return None
        rows = connection.execute(
            f"""
            select time / {QUARTER}, min(id), max(id), count(*) from hits
            where id between :first and :last and site_id = :site
                and time >= {EARLIEST} and time < {LATEST}
            group by 1
            """,
            {**bound, "last": until},
        ).fetchall()
    finally:
        connection.execute("rollback")
    for quarter, low, high, number in rows:
        spans = survey.spans.setdefault(quarter, [])
        if spans and low <= spans[-1][1] + GAP and low >= spans[-1][0]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], high))
        else:
            spans.append((low, high))
        survey.counts[quarter] = survey.counts.get(quarter, 0) + number
    return int(until)


def merged(spans: Iterable[Span], gap: int = GAP) -> list[Span]:
    """Spans in order, without overlaps and small gaps."""
    result: list[Span] = []
    for first, last in sorted(spans):
        if result and first <= result[-1][1] + gap:
            result[-1] = (result[-1][0], max(result[-1][1], last))
        else:
            result.append((first, last))
    return result


def distrusted(days: dict[date, FiledDay]) -> dict[date, FiledDay]:
    """Filed days as if other rules had held for them."""
    return {
        day: filed._replace(rules="") if filed.state == FILED else filed
        for day, filed in days.items()
    }


class Due(NamedTuple):
    """What has to be filed."""

    days: frozenset[date]
    anew: frozenset[date]
    """Those of which the file is not to be believed: hits were deleted or changed, or rules."""
    months: frozenset[str]
    """Those whose files have to be written, for these days or since they are not there."""


def wants_full_survey(state: State, rules: Rules, bad_months: Collection[str]) -> bool:
    """Whether what is known to be filed is to be looked at again."""
    return (
        bool(state.noted)
        or not state.has_triggers
        or any(
            day.state == FILED and (day.rules != rules.mark or month_of(at) in bad_months)
            for at, day in state.days.items()
        )
    )


def find_due(
    state: State, survey: Survey, rules: Rules, today: date, bad_months: Collection[str]
) -> Due:
    """The finished days that have to be filed, or filed again."""
    days, anew = set(), set()
    for day, newest in survey.days(rules.zone).items():
        filed = state.days.get(day)
        # A running day is filed where somebody's clock was ahead, and is then kept up to date.
        if day < today if filed is None else filed.state != SEALED and newest > filed.last_id:
            days.add(day)
    changed = {date_at(quarter * QUARTER, rules.zone) for quarter in state.noted}
    for day, filed in state.days.items():
        if filed.state == FILED and (
            filed.rules != rules.mark
            or day in changed
            or not state.has_triggers
            or month_of(day) in bad_months
        ):
            anew.add(day)
        elif filed.state in {MOVING, MOVED} and _wants_forming(filed, rules):
            days.add(day)
    # Of a day that is filed and has no hits any more, the survey knows nothing.
    days |= anew
    months = {month_of(day) for day in days} | set(bad_months)
    return Due(frozenset(days), frozenset(anew), frozenset(months))


def _wants_forming(filed: FiledDay, rules: Rules) -> bool:
    """Whether other rules hold for a day that is in the history alone; its bounds stay."""
    return filed.rules.split(" ")[0] != rules.mark.split(" ")[0]


def month_of(day: date) -> str:
    """`YYYY-MM`."""
    return day.isoformat()[:7]


def days_between(first: date, last: date) -> list[date]:
    """All days from the first to the last."""
    return [first + number * ONE_DAY for number in range((last - first).days + 1)]
