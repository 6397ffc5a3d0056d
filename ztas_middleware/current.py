"""Which request the app is at, for what the app says of it, and which receptions there are."""

from __future__ import annotations

import os
import sys
import weakref
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import GeneratorType

    from ztas_middleware.reception import Reception

    Asked = tuple[Reception, Mapping[str, Any]]
    Request = Asked | tuple[Reception, Mapping[str, Any], GeneratorType[Any, Any, Any]]

REQUEST: ContextVar[Request | None] = ContextVar("ztas_request", default=None)
"""Set by the front doors: who took it, its environ or scope, and what is still making its body."""

wanted: list[bool] = []
"""Not empty once somebody asks: to remember each request costs as much as the rest of the door."""

receptions: weakref.WeakSet[Reception] = weakref.WeakSet()
"""Of all apps that are wrapped in this process."""

_outside: list[Reception] = []


def current() -> tuple[Reception, Mapping[str, Any]] | None:
    """The request that is being answered here, as an environ; None outside of any."""
    request = REQUEST.get() or _on_stack()
    if request is None:
        return None
    if len(request) > 2 and request[2].gi_frame is None:  # noqa: PLR2004 - see above
        return None  # the app's generator has ended, and with it the request
    reception, asked = request[:2]
    if "REQUEST_METHOD" not in asked:
        from ztas_middleware.asgi.environs import environ_of

        asked = environ_of(dict(asked))
    return reception, asked


def _on_stack() -> Request | None:
    """The WSGI request that was begun before anybody had asked, and that is calling us."""
    from ztas_middleware.middleware import ZTASMiddleware

    frame = sys._getframe(1)  # noqa: SLF001 - the documented way to one's callers
    while (caller := frame.f_back) is not None:
        frame = caller
        if frame.f_code is ZTASMiddleware.__call__.__code__:
            return frame.f_locals["reception"], frame.f_locals["environ"]
    return None


def reception_for(site_id: str | None) -> Reception | None:
    """Who has that site, outside of any request; None if nobody has, or it is not said which.

    In a process without a wrapped app, a queue's worker, the file that ZTAS_CONFIG names serves.
    """
    for reception in list(receptions):
        if site_id in reception.config.sites or (
            site_id is None and len(reception.config.sites) == 1
        ):
            return reception
    file = os.environ.get("ZTAS_CONFIG")
    if receptions or not file:
        return None
    from ztas_middleware.reception import Reception

    _outside.append(Reception(file))
    return reception_for(site_id)
