"""Whether a request is one of the staff, before the session's own middleware has seen it."""

from __future__ import annotations

import time
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import get_user
from django.db import close_old_connections

if TYPE_CHECKING:
    from django.http import HttpRequest

REMEMBERED = 60.0
"""Seconds for which it is known whose a session is: two questions to the database otherwise."""

MOST_REMEMBERED = 1024

_known: dict[str, tuple[bool, float]] = {}


def is_staff(request: HttpRequest) -> bool:
    """Whether the session that comes with a request is one of the staff."""
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not key:
        return False
    now = time.monotonic()
    known = _known.get(key)
    if known is not None and known[1] > now:
        return known[0]
    if len(_known) >= MOST_REMEMBERED:
        _known.clear()
    found = _look_up(key)
    _known[key] = found, now + REMEMBERED
    return found


def _look_up(key: str) -> bool:
    store = import_module(settings.SESSION_ENGINE).SessionStore
    # Django's own way from a session to a user; it needs no more of a request.
    close_old_connections()
    try:
        return bool(getattr(get_user(SimpleNamespace(session=store(key))), "is_staff", False))
    finally:
        close_old_connections()
