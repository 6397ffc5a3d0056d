"""Everything the Track endpoint says no with, as values: status, message, and what is counted."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ztas_middleware.intake.drops import Reason


class Refusal(NamedTuple):
    """An answer other than 200."""

    status: str
    error: str
    """The sentence in `{"error": ...}`."""
    reason: Reason = "invalid"
    """What the refused hits are counted as in the table `drops`."""
    details: Mapping[str, Any] = MappingProxyType({})
    """What stands beside the error in the answer."""


INVALID_JSON = Refusal("400 Bad Request", "Invalid JSON")
SITE_ID_REQUIRED = Refusal("400 Bad Request", "Site ID required")
INVALID_SITE_ID = Refusal("404 Not Found", "Invalid site ID")
ORIGIN_NOT_ALLOWED = Refusal("403 Forbidden", "Origin not allowed", "origin")
ORIGIN_REQUIRED = Refusal("403 Forbidden", "Origin required", "origin")
EVENTS_NOT_AN_ARRAY = Refusal("400 Bad Request", "events must be an array")
TOO_MANY_EVENTS = Refusal("413 Content Too Large", "Too many events")
BODY_TOO_LARGE = Refusal("413 Content Too Large", "Request body too large")
BODY_CUT_SHORT = Refusal("400 Bad Request", "Request body cut short")
INVALID_LENGTH = Refusal("400 Bad Request", "Invalid Content-Length")
LENGTH_REQUIRED = Refusal("411 Length Required", "Length required")


def bad_event(error: str) -> Refusal:
    """A single event that can't be stored, in the words of `wire.parse_event`."""
    return Refusal("400 Bad Request", error)


def no_valid_events(errors: list[dict[str, Any]]) -> Refusal:
    """A batch of which nothing is left; `errors` says of each event why."""
    return Refusal("400 Bad Request", "No valid events", details={"errors": errors})


def too_many_requests(seconds: int) -> Refusal:
    """An address over the limit, which may come back after `seconds`."""
    return Refusal(
        "429 Too Many Requests", "Too many requests", "rate_limit", {"retryAfter": seconds}
    )
