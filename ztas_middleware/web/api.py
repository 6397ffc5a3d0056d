"""The JSON API below `api.path`, for programs that read.

It asks the reports and says what they answer. Who may read is decided by a Bearer token, of which
the configuration has only the hash, or by the site being public; which pages of other origins may
is left to `sharing`.
"""

from __future__ import annotations

import hmac
import json
import re
import time
from functools import partial
from hashlib import sha256
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from ztas_middleware.answer import Answer
from ztas_middleware.errors import HistoryBusyError, StorageError
from ztas_middleware.parameters import ParameterError, parse_choice, parse_limit
from ztas_middleware.reports.agents import agents, first_day
from ztas_middleware.reports.export import COLUMNS, FORMATS
from ztas_middleware.reports.periods import parse_date, parse_period
from ztas_middleware.reports.questions import PERIOD, single_values
from ztas_middleware.reports.tables import csv_of
from ztas_middleware.web.sharing import Sharing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ztas_middleware.answer import Header
    from ztas_middleware.config.model import Config, Site
    from ztas_middleware.outages import OutageLog
    from ztas_middleware.reports.reader import Reports

    Parameters = Mapping[str, Sequence[str]]

MOST_PARAMETERS = 200

RETRY_AFTER = 5
"""Seconds a reader is asked to wait when the database can't be read."""

CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}

_FILE_NAME = re.compile(r"[^A-Za-z0-9_-]+")


class _Refused(Exception):  # noqa: N818 - an answer, caught in this module
    """A question that is not answered, and what is said instead."""

    def __init__(self, status: str, error: str, *headers: Header) -> None:
        self.status = status
        self.error = error
        self.headers = headers
        super().__init__(error)


class _Question(NamedTuple):
    """A request that may be answered."""

    site: Site
    parameters: Parameters
    now: int
    """UTC milliseconds since 1970."""


class Api:
    """Answers questions under one configuration."""

    def __init__(
        self,
        config: Config,
        reports: Reports,
        outages: OutageLog,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._sites = config.sites
        self._tokens = config.api.tokens
        self._reports = reports
        self._outages = outages
        self._clock = clock
        self._sharing = Sharing(config)

    def stats(self, environ: Mapping[str, Any]) -> Answer | None:
        """`GET stats`: the report on a site and a period."""
        return self._answer(environ, self._stats)

    def breakdown(self, environ: Mapping[str, Any]) -> Answer | None:
        """`GET breakdown`: a report taken apart by one to three keys."""
        return self._answer(environ, self._breakdown)

    def journeys(self, environ: Mapping[str, Any]) -> Answer | None:
        """`GET journeys`: what comes before and after a page or an event."""
        return self._answer(environ, self._journeys)

    def realtime(self, environ: Mapping[str, Any]) -> Answer | None:
        """`GET realtime`: a site right now."""
        return self._answer(environ, self._realtime)

    def export(self, environ: Mapping[str, Any]) -> Answer | None:
        """`GET export`: a site's hits, streamed."""
        return self._answer(environ, self._export)

    def agents(self, environ: Mapping[str, Any]) -> Answer | None:
        """`GET agents`: who read a site's pages without being a visitor."""
        return self._answer(environ, self._agents)

    def _answer(
        self, environ: Mapping[str, Any], answer: Callable[[_Question], Answer]
    ) -> Answer | None:
        """Answer GET, HEAD and a preflight; None leaves every other method to the wrapped app."""
        method = environ["REQUEST_METHOD"]
        if method == "OPTIONS":
            return self._sharing.preflight(environ, self._site_of(environ))
        if method not in ("GET", "HEAD"):
            return None
        try:
            answered = answer(self._question(environ))
        except _Refused as refused:
            answered = _json(refused.status, {"error": refused.error}, *refused.headers)
        except ParameterError as error:
            answered = _json("400 Bad Request", {"error": str(error)})
        except HistoryBusyError as busy:
            answered = _unavailable(f"Not yet: {busy.problem}")
        except StorageError as failure:
            self._outages.report("questions are refused with 503", failure)
            answered = _unavailable("Storage unavailable")
        headers = self._sharing.headers(environ, self._site_of(environ))
        answered = answered._replace(headers=[*answered.headers, *headers])
        return answered if method == "GET" else answered._replace(body=())

    def _site_of(self, environ: Mapping[str, Any]) -> Site | None:
        """The site that a request names, whoever sends it."""
        try:
            named = _parameters(environ.get("QUERY_STRING", "")).get("siteId", ("",))
        except _Refused:
            return None
        return self._sites.get(named[0])

    def _question(self, environ: Mapping[str, Any]) -> _Question:
        parameters = _parameters(environ.get("QUERY_STRING", ""))
        named = parameters.pop("siteId", [""])
        if not named[0]:
            raise ParameterError("siteId", "is required")
        if len(named) > 1:
            raise ParameterError("siteId", "is given twice")
        (site_id,) = named
        site = self._sites.get(site_id)
        # Who has no token does not learn which sites there are.
        if (site is None or not site.public) and not self._is_token(environ):
            raise _Refused("401 Unauthorized", "Invalid token", ("WWW-Authenticate", "Bearer"))
        if site is None:
            raise _Refused("404 Not Found", "Invalid site ID")
        return _Question(site, parameters, self._clock() // 1_000_000)

    def _is_token(self, environ: Mapping[str, Any]) -> bool:
        scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return False
        # WSGI hands the header's bytes over as latin-1; what was hashed is those bytes.
        digest = sha256(token.strip().encode("latin-1", "replace")).hexdigest()
        # All are compared, each in constant time: neither how much of a hash is right nor
        # whose it is can be measured.
        return any([hmac.compare_digest(digest, stored) for stored in self._tokens])  # noqa: C419 - see above

    def _stats(self, question: _Question) -> Answer:
        site, parameters, now = question
        asked = self._reports.question(site.id, parameters, now=now)
        return _json("200 OK", self._reports.stats(asked).to_json())

    def _breakdown(self, question: _Question) -> Answer:
        site, parameters, now = question
        asked = self._reports.breakdown_question(site.id, parameters, now=now)
        (wanted,) = parameters.get("format", ("json",))
        file_format = parse_choice("format", wanted, ("json", "csv"))
        breakdown = self._reports.breakdown(asked)
        if file_format == "json":
            return _json("200 OK", breakdown.to_json())
        columns = (*asked.by, *asked.metrics)
        body = csv_of([columns, *([row[name] for name in columns] for row in breakdown.rows)])
        headers = [*_file_headers(site, "breakdown", "csv"), ("Content-Length", str(len(body)))]
        return Answer("200 OK", headers, (body,))

    def _journeys(self, question: _Question) -> Answer:
        site, parameters, now = question
        asked = self._reports.journeys_question(site.id, parameters, now=now)
        return _json("200 OK", self._reports.journeys(asked).to_json())

    def _agents(self, question: _Question) -> Answer:
        site, given, now = question
        parameters = single_values(given, {*PERIOD, "limit"}, filters=False)
        self._reports.renew()
        database = self._reports.database
        begin = partial(first_day, database, site.id)
        period = parse_period(parameters, site.timezone, now, begin)
        limit = parse_limit(parameters.get("limit"))
        found = agents(database, site.id, period.first, period.last, limit=limit)
        return _json("200 OK", {"agents": [agent.to_json() for agent in found]})

    def _realtime(self, question: _Question) -> Answer:
        site, parameters, now = question
        asked = self._reports.realtime_question(site.id, parameters, now=now)
        return _json("200 OK", self._reports.realtime(asked).to_json())

    def _export(self, question: _Question) -> Answer:
        site, given, _ = question
        known = {"type", "format", "startDate", "endDate"}
        parameters = single_values(given, known, filters=False)
        kind = _choice(parameters, "type", tuple(COLUMNS))
        file_format = _choice(parameters, "format", FORMATS)
        first, last = (
            parse_date(name, parameters[name]) if name in parameters else None
            for name in ("startDate", "endDate")
        )
        if first is not None and last is not None and last < first:
            raise ParameterError("endDate", "must not be before startDate")
        pieces = self._reports.export(
            site.id, kind=kind, file_format=file_format, first=first, last=last
        )
        return Answer("200 OK", _file_headers(site, kind, file_format), _begun(pieces))


def _file_headers(site: Site, what: str, file_format: str) -> list[Header]:
    name = _FILE_NAME.sub("-", site.id)
    return [
        ("Content-Type", CONTENT_TYPES[file_format]),
        ("Content-Disposition", f'attachment; filename="{name}-{what}.{file_format}"'),
        ("Cache-Control", "no-store"),
    ]


def _begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces, the first ones read already: later there is no status to fail with."""
    # The header of a CSV file comes without asking the database.
    first = list(islice(pieces, 2))
    return chain(first, pieces)


def _parameters(query: str) -> dict[str, list[str]]:
    """The values of each parameter."""
    try:
        pairs = parse_qsl(
            # What a client did not percent-encode comes as latin-1 (PEP 3333).
            query.encode("latin-1", "replace").decode("utf-8", "replace"),
            keep_blank_values=True,
            errors="replace",
            max_num_fields=MOST_PARAMETERS,
        )
    except ValueError:
        raise _Refused("400 Bad Request", "Too many parameters") from None
    parameters: dict[str, list[str]] = {}
    for name, value in pairs:
        parameters.setdefault(name, []).append(value)
    return parameters


def _choice(parameters: Mapping[str, str], name: str, choices: tuple[str, ...]) -> Any:  # noqa: ANN401 - one of the literals
    return parse_choice(name, parameters.get(name, choices[0]), choices)


def _unavailable(error: str) -> Answer:
    return _json("503 Service Unavailable", {"error": error}, ("Retry-After", str(RETRY_AFTER)))


def _json(status: str, document: Mapping[str, Any], *headers: Header) -> Answer:
    body = json.dumps(document, ensure_ascii=False).encode()
    return Answer(
        status,
        [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            *headers,
        ],
        (body,),
    )
