"""Asking a framework's router by which name it knows a page, without importing the framework.

What an application is, its attributes tell; the framework is loaded by then, or it is none. Routers
are looked at when they are asked: routes are added after an app was wrapped, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Ask = Callable[[str], str | None]


def router_of(application: Any) -> Ask | None:  # noqa: ANN401 - whatever somebody wraps
    """The router of a Flask, Quart, Django, Starlette or FastAPI application, if it is one.

    A method of an application, such as `app.wsgi_app`, is as good as the application.
    """
    owner = getattr(application, "__self__", application)
    if type(owner).__module__.startswith("django.core.handlers."):
        return django_route
    if hasattr(owner, "url_map"):
        return lambda path: werkzeug_route(owner, path)
    if _is_starlette(owner):
        return lambda path: starlette_route(owner.routes, path)
    return None


def django_route(path: str) -> str | None:
    """The route of a path in Django's URL configuration, `articles/<int:pk>/`."""
    from django.urls import Resolver404, resolve
    from django.utils import translation

    try:
        # Paths that begin with a language are only found in that language.
        with translation.override(translation.get_language_from_path(path)):
            return f"/{resolve(path).route}"
    except Resolver404:
        return None


def werkzeug_route(app: Any, path: str) -> str | None:  # noqa: ANN401 - of Flask or Quart
    """The rule of a path in an app's URL map, `/articles/<int:id>`."""
    from werkzeug.exceptions import HTTPException, MethodNotAllowed

    urls = app.url_map.bind("localhost")
    try:
        try:
            rule, _ = urls.match(path, method="GET", return_rule=True)
        except MethodNotAllowed as refused:  # where forms are sent to, events happen
            method = next(iter(refused.valid_methods or ()), None)
            rule, _ = urls.match(path, method=method, return_rule=True)
    except HTTPException:  # also says to which path another one leads
        return None
    name: str = rule.rule
    return name


def starlette_route(routes: Iterable[Any], path: str) -> str | None:
    """The path of the route that answers, `/articles/{id}`, mounts in front of it included."""
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    return _match(routes, scope)


def _match(routes: Iterable[Any], scope: dict[str, Any]) -> str | None:
    for route in routes:
        match, child = route.matches(scope)
        if not match.value:
            continue
        name: str = getattr(route, "path", "")
        # What `include_router` leaves behind in newer FastAPI, each with its whole path.
        included = getattr(route, "effective_route_contexts", None)
        below = getattr(route, "routes", None) if included is None else included()
        if not below:
            return name  # a mounted app that has no routes is one page, too
        inner = _match(below, {**scope, **child})
        if inner is not None:
            return name + inner
    return None


def _is_starlette(owner: Any) -> bool:  # noqa: ANN401 - whatever somebody wraps
    routes = getattr(owner, "routes", None)
    return isinstance(routes, list) and all(hasattr(route, "matches") for route in routes)
