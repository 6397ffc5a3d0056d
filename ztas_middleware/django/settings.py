"""The setting `ZTAS`: where the configuration is, and who is not counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from collections.abc import Callable

    from ztas_middleware.reception import Configurable

KEYS = ("config", "exclude_staff", "exclude")


def configured() -> Configurable:
    """The configuration, as the middleware takes it.

    Raises:
        ImproperlyConfigured: there is none, or something in `ZTAS` that nobody reads.
    """
    given = getattr(settings, "ZTAS", None)
    if not isinstance(given, dict) or not given.get("config"):
        raise ImproperlyConfigured('the settings need ZTAS = {"config": "conf/ztas.yaml"}')
    for name in given:
        if name not in KEYS:
            raise ImproperlyConfigured(f"ZTAS: unknown key {name!r} (there are {', '.join(KEYS)})")
    config: Configurable = given["config"]
    return config


def excludes() -> Callable[[Any], object] | None:
    """Says of a request whether its sender is not to be counted; None: everyone is."""
    given = settings.ZTAS
    own = given.get("exclude")
    if isinstance(own, str):
        own = import_string(own)
    if not given.get("exclude_staff"):
        return own
    from ztas_middleware.django.staff import is_staff

    if own is None:
        return is_staff
    return lambda request: own(request) or is_staff(request)
