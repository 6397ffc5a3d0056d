"""Filters: which hits a report keeps, as the reader asks for them and as SQL."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from ztas_middleware.parameters import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

# `host_of` and `source_of` are functions of ours, see `stretches.py`. A source is a page view's;
# the other hits of a visit carry no referrer, and would all be called direct.
_EXPRESSIONS = {
    "page": "path",
    "referrer": "host_of(referrer)",
    "source": "case type when 'pageview' then source_of(referrer, utm_source) end",
    "browser": "browser",
    "os": "os",
    "device": "device",
    "country": "country",
    "utm_source": "utm_source",
    "utm_medium": "utm_medium",
    "utm_campaign": "utm_campaign",
    "action": "action",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What each kept hit has; None is anything, a trailing `*` any text from there on."""

    page: str | None = None
    referrer: str | None = None
    """A host as in the list `referrers`."""
    source: str | None = None
    """As in the list `sources`; it keeps page views only."""
    browser: str | None = None
    os: str | None = None
    device: str | None = None
    country: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    action: str | None = None

    @classmethod
    def parse(cls, parameters: Mapping[str, str]) -> Filters:
        """The filters among the parameters of a request.

        Raises:
            ParameterError: one is empty.
        """
        given = {name: parameters[name] for name in FILTERS if name in parameters}
        for name, pattern in given.items():
            if not pattern:
                raise ParameterError(name, "must not be empty")
        return cls(**given)

    def given(self) -> dict[str, str]:
        """Those that are set, by name."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: pattern for name, pattern in named.items() if pattern is not None}

    def sql(self) -> tuple[str, dict[str, str]]:
        """A condition over the columns of `hits`, and its parameters."""
        conditions = []
        parameters = {}
        for name, pattern in self.given().items():
            expression = _EXPRESSIONS[name]
            if pattern.endswith("*"):
                parameters[f"filter_{name}"] = prefix = pattern[:-1]
                conditions.append(f"substr({expression}, 1, {len(prefix)}) = :filter_{name}")
            else:
                parameters[f"filter_{name}"] = pattern
                conditions.append(f"{expression} = :filter_{name}")
        # A missing value is neither equal nor different; a hit either is kept or not.
        return f"ifnull({' and '.join(conditions)}, 0)", parameters


FILTERS = tuple(_EXPRESSIONS)
NO_FILTERS = Filters()
