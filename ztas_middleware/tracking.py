"""`track`: an event that the app itself reports, in a request or outside of any."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ztas_middleware.current import current, reception_for
from ztas_middleware.intake.wire import Event, parse_event
from ztas_middleware.outages import OutageLog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ztas_middleware.config.model import Site
    from ztas_middleware.reception import Reception

_outages = OutageLog()


def track(
    action: str,
    *,
    category: str | None = None,
    label: str | None = None,
    value: float | None = None,
    properties: Mapping[str, str | float | bool] | None = None,
    site: str | None = None,
) -> None:
    """Store an event.

    In a request it is one of that visitor, at the request's path, and counts if the visitor does.
    Outside of any (a job), or in a request that is no visitor's (a webhook) where `site` says
    whose event it is, it belongs to no visitor, and is in no count of them.

    Nothing is raised: what can't be stored is logged. In asynchronous code nothing is waited for.

    Args:
        action: what happened.
        category: a group of actions.
        label: what it happened to.
        value: a number to be summed.
        properties: a flat mapping of names to texts, numbers and booleans.
        site: the site's id; needed outside of requests where there are several, and in a request
            whose `Host` is none of theirs.
    """
    try:
        fields = {
            "type": "event",
            "action": _plain(action),
            "category": _plain(category),
            "label": _plain(label),
            "value": None if value is None else _number(value),
            "properties": properties if properties is None else _properties(properties),
        }
        request = current()
        if request is None:
            _outside(site, _event({"path": "/", **fields}))
        else:
            reception, environ = request
            path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
            path = quote(path.encode("latin-1", "replace"))
            _inside(reception, environ, site, _event({"path": path, **fields}))
    except Exception as error:  # noqa: BLE001 - never the app's problem
        _outages.report("an event of track() is not stored", error)


def _inside(
    reception: Reception, environ: Mapping[str, Any], site_id: str | None, event: Event
) -> None:
    recorder, site = reception.recorder, reception.site_of(environ, site_id)
    if site_id is not None and not recorder.is_visitor(environ):
        _nobodys(reception, site, event)
        return
    received, from_page = recorder.receive(environ), bool(environ.get("HTTP_ORIGIN"))
    _store(reception, lambda: recorder.record(received, site, (event,), from_page=from_page))


def _outside(site_id: str | None, event: Event) -> None:
    reception = reception_for(site_id)
    if reception is None:
        raise LookupError(
            f"no app with the site {site_id!r} is wrapped in this process, and ZTAS_CONFIG does "
            "not name its configuration"
            if site_id
            else "outside of a request it must say which site= it belongs to"
        )
    _nobodys(reception, reception.site_of({}, site_id), event)


def _nobodys(reception: Reception, site: Site, event: Event) -> None:
    recorder, now = reception.recorder, time.time_ns() // 1_000_000
    _store(reception, lambda: recorder.record_nobodys(site, event, now))


def _store(reception: Reception, work: Callable[[], None]) -> None:
    if reception.defer is not None:
        reception.defer(work)
        return
    work()
    if reception.database.checkpoint_due:
        reception.database.checkpoint()


def _event(fields: dict[str, Any]) -> Event:
    event = parse_event(fields)
    if isinstance(event, str):
        raise TypeError(event)
    if not event.action:
        raise TypeError("action must not be empty")
    return event


def _properties(given: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(_plain(name)): _number(_plain(value)) for name, value in given.items()}


def _plain(text: Any) -> Any:  # noqa: ANN401 - whatever an app has; what is no text is refused later
    """A text of a class of its own (markup, an enumeration's member) as the text that it is."""
    return str.__str__(text) if isinstance(text, str) else text


def _number(value: Any) -> Any:  # noqa: ANN401 - see above
    """A number of another kind (a Decimal, numpy's) as JSON would have it."""
    if isinstance(value, (str, bool)) or not hasattr(value, "__float__"):
        return value
    return value if type(value) in (int, float) else float(value)
