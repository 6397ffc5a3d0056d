"""The answers of the contract computed a second time: slowly, plainly, from a list of rows.

Nothing here is shared with the package. Rows are dicts with the columns of `hits`; a question is a
dict from a parameter's name to the list of its values. Everything is decided by walking over the
rows again and again, so that each definition can be read off.

A site is a dict: `id`, `domain`, `zone`, `own_hosts`; `source` and `channel`, functions of the
tags and the referrer's host; `goals`, `funnels` and `segments` as the YAML has them.
"""

from __future__ import annotations

import json
from calendar import monthrange
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from urllib.parse import urlsplit

UTC = timezone.utc
HOUR = 3_600_000
TAGS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")

# What a filter, or a key of a breakdown, looks at.
OF_THE_ROW = {
    "page": "path",
    **{name: name for name in ("route", "browser", "browser_version", "os", "device", "country")},
    **{name: name for name in ("region", "city", "language", "screen")},
    **{name: name for name in ("action", "category", "label")},
}
OF_THE_SESSION = ("referrer", "source", "channel", *TAGS, "entry_page", "exit_page")

METRICS = ("pageviews", "uniqueVisitors", "sessions", "events", "value")
METRICS += ("bounceRate", "avgSessionDuration", "avgTimeOnPage")


# --- Days and hours --------------------------------------------------------------------------


def local(instant, zone):
    return datetime.fromtimestamp(instant / 1000, UTC).astimezone(zone)


def milliseconds(moment):
    return round(moment.timestamp() * 1000)


def midnight(day, zone):
    return milliseconds(datetime(day.year, day.month, day.day, tzinfo=zone))


def date_of(row, zone):
    return local(row["time"], zone).date()


# --- Sessions --------------------------------------------------------------------------------


def sessions_of(rows):
    """Lists of rows, in order, each a session; of one day's rows."""
    rows = sorted(rows, key=lambda row: (row["time"], row["id"]))
    ids = dict.fromkeys(row["session_id"] for row in rows if row["session_id"] is not None)
    sessions = [[row for row in rows if row["session_id"] == key] for key in ids]
    # Nobody's rows (`track` outside of a request) are no session.
    without = [row for row in rows if row["session_id"] is None and row["visitor"] != ""]
    for visitor in dict.fromkeys(row["visitor"] for row in without):
        session = []
        for row in without:
            if row["visitor"] != visitor:
                continue
            if session and row["time"] - session[-1]["time"] > 30 * 60 * 1000:
                sessions.append(session)
                session = []
            session.append(row)
        sessions.append(session)
    return sessions


def counts(session):
    return any(row["type"] in {"pageview", "event"} for row in session)


def views(session):
    return [row for row in session if row["type"] == "pageview"]


def is_bounce(session):
    return (
        len(views(session)) == 1
        and not any(row["type"] == "event" for row in session)
        and not any(row["type"] == "engagement" and row["is_bounce"] == 0 for row in session)
    )


def times_on_page(session, ids=None):
    times = {}
    for row in session:
        if row["time_on_page"] is not None and (ids is None or row["id"] in ids):
            times[row["path"]] = max(times.get(row["path"], 0), row["time_on_page"])
    return list(times.values())


def duration(session):
    length = Decimal(session[-1]["time"] - session[0]["time"]) / 1000
    return max(length, total(times_on_page(session)))


def origin_of(session, site):
    """Where a visit came from, and what else belongs to the whole of it."""
    seen = views(session)
    first = seen[0] if seen else dict.fromkeys((*TAGS, "referrer", "path"))
    host = host_of(first["referrer"], site["own_hosts"])
    return {
        **{tag: first[tag] for tag in TAGS},
        "referrer": host,
        "source": site["source"](first["utm_source"], host),
        "channel": site["channel"](
            first["utm_source"], first["utm_medium"], first["utm_campaign"], host
        ),
        "entry_page": first["path"],
        "exit_page": seen[-1]["path"] if seen else None,
    }


def host_of(referrer, own_hosts):
    if referrer is None:
        return None
    host = urlsplit(referrer).hostname
    host = host.removeprefix("www.")
    return None if host in own_hosts else host


# --- Numbers ---------------------------------------------------------------------------------


def total(numbers):
    """The sum as on paper, where 0.1 is a tenth."""
    return sum((Decimal(repr(number)) for number in numbers if number is not None), Decimal())


def mean(numbers):
    return round(float(sum(numbers, Decimal())) / len(numbers), 1) if numbers else 0.0


def percent(part, whole):
    return round(100 * part / whole, 1) if whole else 0.0


# --- What is kept ----------------------------------------------------------------------------


def globs(pattern, text):
    r"""Whether the whole text is the pattern, in which `*` is any text, and `\*` is that sign."""
    if not pattern:
        return not text
    if pattern[:2] == "\\*":
        return text[:1] == "*" and globs(pattern[2:], text[1:])
    if pattern[0] == "*":
        return any(globs(pattern[1:], text[cut:]) for cut in range(len(text) + 1))
    return bool(text) and text[0] == pattern[0] and globs(pattern[1:], text[1:])


def contains(pattern, text):
    """Whether the pattern is somewhere in the text."""
    if "*" not in pattern:
        return pattern in text
    ends = range(len(text) + 1)
    return any(globs(pattern, text[first:last]) for last in ends for first in range(last + 1))


def as_text(value):
    """A value as a filter writes it."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def match_of_goal(match, row):
    """A goal's or step's match: an event's where it has an action, else a page view's."""
    if row["type"] != ("event" if "action" in match else "pageview"):
        return False
    columns = {"page": "path", "action": "action", "category": "category", "label": "label"}
    return all(
        row[columns[key]] is not None and globs(pattern, row[columns[key]])
        for key, pattern in match.items()
        if key in columns
    )


class Answer:
    """Everything about the rows between two instants, under filters."""

    def __init__(self, rows, site, start, end, question):
        self.site, self.zone = site, site["zone"]
        rows = [row for row in rows if start <= row["time"] < end and row["site_id"] == site["id"]]
        by_day = {}
        for row in rows:
            by_day.setdefault(date_of(row, self.zone), []).append(row)
        sessions = [session for day in by_day.values() for session in sessions_of(day)]
        self.origin = {row["id"]: {} for row in rows}
        for session in sessions:
            origin = origin_of(session, site)
            self.origin |= {row["id"]: origin for row in session}
        filters = {key: values for key, values in question.items() if is_filter(key)}
        self.kept = [row for row in rows if self.keeps(filters, row)]
        self.ids = {row["id"] for row in self.kept}
        self.sessions = [
            session
            for session in sessions
            if counts(session) and any(row["id"] in self.ids for row in session)
        ]

    def value(self, name, row):
        """What a filter or a breakdown looks at."""
        if name.startswith("prop:"):
            found = json.loads(row["properties"]) if row["properties"] is not None else {}
            return found.get(name.removeprefix("prop:"))
        if name in OF_THE_SESSION:
            return self.origin[row["id"]].get(name)
        when = local(row["time"], self.zone)
        if name == "day":
            return when.date().isoformat()
        if name == "hour":
            return when.hour
        return when.isoweekday() if name == "weekday" else row[OF_THE_ROW[name]]

    def keeps(self, filters, row):
        return all(self.keeps_one(key, values, row) for key, values in filters.items())

    def keeps_one(self, key, values, row):
        name, negated = key.removesuffix("~").removesuffix("!"), "!" in key
        if key.endswith("~"):
            text = as_text(self.value(name, row))
            found = text is not None and any(contains(value, text) for value in values)
        else:
            found = any(self.fits(name, value, row) for value in values)
        return found != negated

    def fits(self, name, wanted, row):
        if name == "goal":
            return match_of_goal(self.site["goals"][wanted], row)
        if name == "segment":
            return self.keeps(self.site["segments"][wanted], row)
        text = as_text(self.value(name, row))
        if text is None or not wanted:
            return text is None and not wanted
        return globs(wanted, text)

    # Counting

    def visitors(self, rows):
        return len({(date_of(row, self.zone), row["visitor"]) for row in rows if row["visitor"]})

    def counted(self):
        return [row for row in self.kept if row["type"] in {"pageview", "event"}]

    def summary(self):
        seen = [session for session in self.sessions if views(session)]
        times = [seconds for s in self.sessions for seconds in times_on_page(s, self.ids)]
        return {
            "pageviews": len(views(self.kept)),
            "uniqueVisitors": self.visitors(self.counted()),
            "sessions": len(self.sessions),
            "bounceRate": percent(sum(map(is_bounce, seen)), len(seen)),
            "avgSessionDuration": mean([duration(session) for session in self.sessions]),
            "avgTimeOnPage": mean([Decimal(repr(seconds)) for seconds in times]),
        }

    def metrics(self):
        events = [row for row in self.kept if row["type"] == "event"]
        return {
            **self.summary(),
            "events": len(events),
            "value": round(float(total(row["value"] for row in events)), 1),
        }

    def point(self, start, end):
        rows = [row for row in self.counted() if start <= row["time"] < end]
        return {"pageviews": len(views(rows)), "uniqueVisitors": self.visitors(rows)}

    def listed(self, rows, key, names, count):
        """Groups of rows by their key, the largest first."""
        groups = {}
        for row in rows:
            if key(row) is not None:
                groups.setdefault(key(row), []).append(row)
        entries = [
            {
                **dict(zip(names, value if isinstance(value, tuple) else (value,), strict=True)),
                count: len(found),
                "uniqueVisitors": self.visitors(found),
                "value": round(float(total(row["value"] for row in found)), 1),
            }
            for value, found in groups.items()
        ]
        if count != "events":
            for entry in entries:
                del entry["value"]
        return ranked(entries, names, count)

    def ends(self, which):
        found = {}
        for session in self.sessions:
            path = origin_of(session, self.site)[which]
            if path is not None:
                found[path] = found.get(path, 0) + 1
        entries = [{"path": path, "sessions": number} for path, number in found.items()]
        return ranked(entries, ("path",), "sessions")

    def origins(self, names, keys):
        """Sessions by where they came from, and of them what is kept."""
        groups = {}
        for session in self.sessions:
            origin = origin_of(session, self.site)
            value = tuple(origin[name] for name in names)
            if any(part is not None for part in value):
                groups.setdefault(value, []).append(session)
        entries = []
        for value, sessions in groups.items():
            rows = [row for session in sessions for row in session if row["id"] in self.ids]
            entries.append(
                {
                    **dict(zip(keys, value, strict=True)),
                    "sessions": len(sessions),
                    "uniqueVisitors": self.visitors(
                        [row for row in rows if row["type"] in {"pageview", "event"}]
                    ),
                    "pageviews": len(views(rows)),
                }
            )
        return ranked(entries, keys, "sessions")

    def lists(self):
        seen = views(self.kept)

        def pages(column, name):
            return self.listed(seen, lambda row: row[column], (name,), "pageviews")

        def version(row):
            found = (row["browser"], row["browser_version"])
            return None if found[1] is None else found

        return {
            "pages": pages("path", "path"),
            "entryPages": self.ends("entry_page"),
            "exitPages": self.ends("exit_page"),
            "referrers": self.origins(("referrer",), ("referrer",)),
            "sources": self.origins(("source",), ("source",)),
            "channels": self.origins(("channel",), ("channel",)),
            "campaigns": self.origins(
                ("utm_source", "utm_medium", "utm_campaign"), ("source", "medium", "campaign")
            ),
            "events": self.listed(
                [row for row in self.kept if row["type"] == "event"],
                lambda row: (row["action"], row["category"]),
                ("action", "category"),
                "events",
            ),
            "browsers": pages("browser", "browser"),
            "browserVersions": self.listed(
                seen, version, ("browser", "browserVersion"), "pageviews"
            ),
            "systems": pages("os", "os"),
            "devices": pages("device", "device"),
            "countries": pages("country", "country"),
            "regions": pages("region", "region"),
            "cities": pages("city", "city"),
            "languages": pages("language", "language"),
            "screens": pages("screen", "screen"),
            "routes": pages("route", "route"),
            "properties": self.properties(),
        }

    def properties(self):
        found = {}
        for row in self.kept:
            for name in json.loads(row["properties"] or "{}"):
                found[name] = found.get(name, 0) + 1
        return sorted(found, key=lambda name: (-found[name], name))

    def week_hours(self):
        seen = views(self.kept)
        answer = []
        for weekday in range(1, 8):
            for hour in range(24):
                rows = [
                    row
                    for row in seen
                    if (when := local(row["time"], self.zone)).isoweekday() == weekday
                    and when.hour == hour
                ]
                answer.append(
                    {"weekday": weekday, "hour": hour, "uniqueVisitors": self.visitors(rows)}
                )
        return answer

    def goals(self):
        everyone = self.summary()["uniqueVisitors"]
        found = []
        for name, match in self.site["goals"].items():
            rows = [row for row in self.kept if match_of_goal(match, row)]
            found.append(
                {
                    "name": name,
                    "conversions": len(rows),
                    "uniqueVisitors": self.visitors(rows),
                    "conversionRate": percent(self.visitors(rows), everyone),
                    "value": round(float(total(row["value"] for row in rows)), 1),
                }
            )
        return ranked(found, ("name",), "conversions")

    def funnels(self):
        found = []
        for name, steps in self.site["funnels"].items():
            reached = [0] * len(steps)
            for session in self.sessions:
                position = 0
                for row in session:
                    if position < len(steps) and match_of_goal(steps[position], row):
                        reached[position] += 1
                        position += 1
            found.append(
                {
                    "name": name,
                    "steps": [
                        {
                            "name": step.get("name") or step.get("page") or step.get("action"),
                            "sessions": number,
                            "rate": percent(number, reached[0]),
                        }
                        for step, number in zip(steps, reached, strict=True)
                    ],
                }
            )
        return found


def ranked(entries, names, count):
    """The largest first, then by name: nothing before something, numbers as numbers."""

    def rank(entry):
        parts = [entry[name] for name in names]
        return -entry[count], [(part is not None, 0 if part is None else part) for part in parts]

    return sorted(entries, key=rank)


def is_filter(key):
    name = key.removesuffix("~").removesuffix("!")
    return (
        name in OF_THE_ROW
        or name in OF_THE_SESSION
        or name in {"goal", "segment"}
        or name.startswith("prop:")
    )


# --- Periods ---------------------------------------------------------------------------------


class Days:
    """Whole days, both ends included."""

    def __init__(self, first, last, zone):
        self.first, self.last, self.zone = first, last, zone
        self.start, self.end = midnight(first, zone), midnight(last + timedelta(days=1), zone)

    def before(self):
        length = self.last - self.first
        last = self.first - timedelta(days=1)
        return Days(last - length, last, self.zone)

    def year_before(self):
        return Days(a_year_before(self.first), a_year_before(self.last), self.zone)

    def so_far(self, before, now):
        """Until when the period before is looked at; None if this one is over."""
        today = local(now, self.zone)
        if today.date() > self.last:
            return None
        return milliseconds(
            datetime.combine(before.last, today.timetz().replace(tzinfo=None), tzinfo=self.zone)
        )

    def all_days(self):
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    def points(self, answer, interval):
        if interval == "hour":
            starts = [
                start
                for day in self.all_days()
                for start in range(
                    midnight(day, self.zone), midnight(day + timedelta(days=1), self.zone), HOUR
                )
            ]
            return hour_points(answer, starts, self.zone)
        groups = {}
        for day in self.all_days():
            label = {
                "day": day,
                "week": day - timedelta(days=day.weekday()),
                "month": f"{day:%Y-%m}",
            }[interval]
            groups.setdefault(str(label), []).append(day)
        return [
            {
                "date": label,
                **answer.point(
                    midnight(days[0], self.zone), midnight(days[-1] + timedelta(days=1), self.zone)
                ),
            }
            for label, days in groups.items()
        ]

    def edges(self):
        return {"start": self.first.isoformat(), "end": self.last.isoformat()}


class Hours:
    """The running hour and the 23 before."""

    def __init__(self, now, zone):
        self.zone = zone
        running = milliseconds(local(now, zone).replace(minute=0, second=0, microsecond=0))
        while now - running >= HOUR:
            running += HOUR
        self.start, self.end = running - 23 * HOUR, running + HOUR

    def before(self):
        before = Hours(0, self.zone)
        before.start, before.end = self.start - 24 * HOUR, self.start
        return before

    def so_far(self, _before, now):
        return now - 24 * HOUR

    def points(self, answer, _interval):
        return hour_points(answer, range(self.start, self.end, HOUR), self.zone)

    def edges(self):
        first, last = (
            local(instant, self.zone).isoformat(timespec="minutes")
            for instant in (self.start, self.end - HOUR)
        )
        return {"start": first, "end": last}


def hour_points(answer, starts, zone):
    return [
        {
            "date": local(start, zone).isoformat(timespec="minutes"),
            **answer.point(start, start + HOUR),
        }
        for start in starts
    ]


def a_year_before(day):
    return day.replace(year=day.year - 1, day=min(day.day, monthrange(day.year - 1, day.month)[1]))


def one(question, name, default=None):
    return question.get(name, [default])[0]


def period_of(rows, site, question, now):
    zone = site["zone"]
    if "startDate" in question:
        first, last = (date.fromisoformat(one(question, key)) for key in ("startDate", "endDate"))
        return Days(first, last, zone)
    name = one(question, "period", "7d")
    if name == "24h":
        return Hours(now, zone)
    today = local(now, zone).date()
    if name == "yesterday":
        return Days(today - timedelta(days=1), today - timedelta(days=1), zone)
    first = {
        "today": today,
        "month": today.replace(day=1),
        "year": today.replace(month=1, day=1),
        "all": min(
            (date_of(row, zone) for row in rows if row["site_id"] == site["id"]), default=today
        ),
    }.get(name) or today - timedelta(days=int(name.removesuffix("d")) - 1)
    return Days(first, today, zone)


# --- Questions -------------------------------------------------------------------------------


def stats(rows, site, question, now):
    """What `GET /api/stats` answers."""
    period = period_of(rows, site, question, now)
    answer = Answer(rows, site, period.start, period.end, question)
    default = "hour" if isinstance(period, Hours) else "day"
    limit, offset = int(one(question, "limit", 10)), int(one(question, "offset", 0))
    return {
        "site": {"id": site["id"], "domain": site["domain"]},
        "period": {**period.edges(), "timezone": str(site["zone"])},
        "summary": answer.summary(),
        **compared(rows, site, question, period, now),
        "timeseries": period.points(answer, one(question, "interval", default)),
        **{name: found[offset : offset + limit] for name, found in answer.lists().items()},
        "weekHours": answer.week_hours(),
        "goals": answer.goals(),
        "funnels": answer.funnels(),
    }


def compared(rows, site, question, period, now):
    """The numbers of the period that this one is held against."""
    compare = one(question, "compare", "previous")
    if compare == "none":
        return {}
    if "compareStart" in question:
        first, last = (
            date.fromisoformat(one(question, key)) for key in ("compareStart", "compareEnd")
        )
        before = Days(first, last, site["zone"])
    else:
        before = period.year_before() if compare == "year" else period.before()
    whole = Answer(rows, site, before.start, before.end, question).summary()
    until = period.so_far(before, now)
    so_far = (
        whole
        if until is None
        else Answer(rows, site, before.start, min(until + 1, before.end), question).summary()
    )
    return {"previous": whole, "previousSoFar": so_far}


def breakdown(rows, site, question, now):
    """What `GET /api/breakdown` answers: a report for each combination of the keys' values."""
    period = period_of(rows, site, question, now)
    everything = Answer(rows, site, period.start, period.end, question)
    names = question["by"]
    combinations = dict.fromkeys(
        tuple(everything.value(name, row) for name in names) for row in everything.kept
    )
    found = []
    for combination in combinations:
        part = Answer(rows, site, period.start, period.end, question)
        part.kept = [
            row
            for row in everything.kept
            if tuple(everything.value(name, row) for name in names) == combination
        ]
        part.ids = {row["id"] for row in part.kept}
        part.sessions = [
            session
            for session in everything.sessions
            if any(row["id"] in part.ids for row in session)
        ]
        metrics = part.metrics()
        if any(metrics[name] for name in ("pageviews", "uniqueVisitors", "sessions", "events")):
            found.append({**dict(zip(names, combination, strict=True)), **metrics})
    chosen = one(question, "metrics", ",".join(METRICS)).split(",")
    # By the first metric that is asked for, unless another is named.
    order = one(question, "order", chosen[0])
    limit, offset = int(one(question, "limit", 10)), int(one(question, "offset", 0))
    return {
        "rows": [
            {key: row[key] for key in (*names, *chosen)}
            for row in ranked(found, names, order)[offset : offset + limit]
        ],
        "total": len(found),
    }


def journeys(rows, site, question, now):
    """What `GET /api/journeys` answers for a page, or an event's action."""
    period = period_of(rows, site, question, now)
    which = {key: question[key] for key in ("page", "action") if key in question}
    others = {key: values for key, values in question.items() if key not in which}
    answer = Answer(rows, site, period.start, period.end, others)
    before, after = {}, {}
    for session in answer.sessions:
        neighbours = set(), set()
        for place, row in enumerate(session):
            wanted = "pageview" if "page" in which else "event"
            if row["type"] != wanted or row["id"] not in answer.ids:
                continue
            if not answer.keeps(which, row):
                continue
            earlier, later = views(session[:place]), views(session[place + 1 :])
            neighbours[0].add(earlier[-1]["path"] if earlier else "(entry)")
            neighbours[1].add(later[0]["path"] if later else "(exit)")
        for found, paths in zip((before, after), neighbours, strict=True):
            for path in paths:
                found[path] = found.get(path, 0) + 1
    limit = int(one(question, "limit", 10))
    return {
        name: ranked(
            [{"path": path, "sessions": number} for path, number in found.items()],
            ("path",),
            "sessions",
        )[:limit]
        for name, found in (("before", before), ("after", after))
    }


def edges_of(days, zone):
    """Each day's first instant and the one after its last; for tests of the calendar."""
    return list(pairwise(midnight(day, zone) for day in days))
