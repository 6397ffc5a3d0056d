"""What can become of one line of a file: a row, nothing on purpose, or a complaint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ztas_middleware.intake.wire import Event
from ztas_middleware.store.hits import Hit

PAGE_VIEW = Event("pageview")
"""An event to be filled in with what a format has."""


class LeftOut(NamedTuple):
    """A line that is fine, and is no hit."""

    reason: str
    """As the report counts it: `bot`, `asset`, ..."""


class Refused(NamedTuple):
    """A line that can't be read as what it should be."""

    reason: str
    """One of few sentences; never what stands in the line, which may be personal."""


class Overlap(NamedTuple):
    """A row that is fine, of a day that has rows of another origin."""

    day: str
    """`YYYY-MM-DD`."""


Outcome = Hit | Iterator[Hit] | LeftOut | Refused | Overlap
"""Rows are several where a line stands for many page views."""


@dataclass(slots=True)
class Remarks:
    """What a reader noticed that its user should hear of."""

    hosts: Counter[str] = field(default_factory=Counter)
    """Requests to hosts that are not the site's."""
    notes: Counter[str] = field(default_factory=Counter)
    """Sentences about requests, and how many these are."""
    host: str = ""
    """Of the request that became a row last."""
