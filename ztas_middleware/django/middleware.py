"""The front door inside of Django: is this request ours, and which handler takes it?

It belongs right below SecurityMiddleware and GZipMiddleware, above everything that may answer.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction

from ztas_middleware.asgi.environs import key_of
from ztas_middleware.asgi.waiting import Desk
from ztas_middleware.current import REQUEST
from ztas_middleware.django.pages import see_to_page, see_to_page_async
from ztas_middleware.django.requests import environ_for, response_of
from ztas_middleware.django.settings import configured, excludes
from ztas_middleware.intake.host import Host
from ztas_middleware.reception import TICK, Reception
from ztas_middleware.routers import django_route

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


class ZTASMiddleware:
    """Adds private web analytics to a project; `ZTAS` in its settings says where they are set.

    Raises:
        ImproperlyConfigured: there is no `ZTAS` in the settings.
        ConfigError: the configuration can't be used; it says where and why.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        config, host = configured(), Host(router=django_route, exclude=excludes())
        self._desk: Desk | None = None
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)
            self._desk = Desk(config, host)
            self._reception = self._desk.reception
        else:
            self._reception = Reception(config, host=host)

    def __call__(self, request: HttpRequest) -> Any:  # noqa: ANN401 - a response, or one to come
        """Answer a request, or let the project do it."""
        if self._desk is not None:
            return self._answer_async(request, self._desk)
        reception = self._reception
        if time.monotonic() >= reception.next_tick:
            reception.tick()
        handler = reception.handlers.get(key_of(request.path_info))
        if handler is not None:
            answer = handler(environ_for(request))
            if answer is not None:
                response = response_of(answer)
                if reception.database.checkpoint_due:
                    _at_close(response, reception.database.checkpoint)
                return response
        return self._pass(request)

    def _pass(self, request: HttpRequest) -> HttpResponse:
        reception = self._reception
        pages = reception.pages if request.method == "GET" else None
        environ = environ_for(request)
        token = REQUEST.set((reception, environ))
        try:
            # Before the project: it may change the request, and the visitor came now.
            outgoing = pages.expect(environ) if pages is not None else None
            response = self.get_response(request)
        finally:
            REQUEST.reset(token)
        if outgoing is not None:
            see_to_page(outgoing, response)
            _at_close(response, outgoing.done)
        return response

    async def _answer_async(self, request: HttpRequest, desk: Desk) -> HttpResponse:
        reception = self._reception
        if time.monotonic() >= reception.next_tick:
            reception.next_tick = time.monotonic() + TICK
            desk.later(reception.tick)
        handler = reception.handlers.get(key_of(request.path_info))
        if handler is not None:
            answer = await desk.answer(handler, environ_for(request))
            if answer is not None:
                return response_of(answer, desk)
        pages = reception.pages if request.method == "GET" else None
        environ = environ_for(request)
        token = REQUEST.set((reception, environ))
        try:
            outgoing = pages.expect(environ) if pages is not None else None
            response = await self.get_response(request)
        finally:
            REQUEST.reset(token)
        if outgoing is not None:
            await see_to_page_async(outgoing, response)
            _at_close(response, lambda: desk.store_later(outgoing.done))
        return response


def _at_close(response: HttpResponse, work: Callable[[], object]) -> None:
    """Have something done when the response is out: Django keeps a list of what to close then."""
    response._resource_closers.append(work)  # noqa: SLF001 - no public name for it, since 1.x
