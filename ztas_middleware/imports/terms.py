"""On which terms a file is imported: which days and hosts of it, and whether beside other rows.

They belong to what a file is known by. Whoever imports its days up to the tenth, and later all of
them, has two places in one file; what was taken on other terms is not taken again.
"""

from __future__ import annotations

from typing import NamedTuple


class Terms(NamedTuple):
    """Which rows of a file are wanted; dates are the site's own, `YYYY-MM-DD`."""

    first: str = ""
    """The first day; empty is the beginning."""
    last: str = ""
    """The last day; empty is the end."""
    overlap: bool = False
    """Days that have rows of another origin, too."""
    hosts: tuple[str, ...] = ()
    """The only hosts whose requests count, of logs that name them, as `parse_domain` takes them.

    None is the site's own, and requests that name none."""

    @property
    def text(self) -> str:
        """As they are stored; empty for a whole file."""
        if not any(self):
            return ""
        text = f"{self.first}..{self.last}{' overlap' if self.overlap else ''}"
        return f"{text} hosts {','.join(self.hosts)}" if self.hosts else text

    @classmethod
    def parse(cls, text: str) -> Terms:
        """The terms that `text` was made of."""
        about, _, hosts = text.partition(" hosts ")
        days, _, overlap = about.partition(" ")
        first, _, last = days.partition("..")
        return cls(first, last, bool(overlap), tuple(filter(None, hosts.split(","))))

    def includes(self, day: str) -> bool:
        """Whether a day lies between the first and the last."""
        return self.first <= day and (not self.last or day <= self.last)
