"""Frameworks' routers are asked by which name they know a page."""

from __future__ import annotations

import pytest

from ztas_middleware.routers import router_of


def flask_app():
    from flask import Flask

    app = Flask("site")
    app.add_url_rule("/articles/<int:number>", "article", lambda number: "")
    app.add_url_rule("/forms", "form", lambda: "", methods=["POST"])
    return app.wsgi_app


def quart_app():
    from quart import Quart

    app = Quart("site")

    @app.get("/articles/<int:number>")
    async def article(number):
        return ""

    return app.asgi_app


def starlette_app():
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount, Route

    page = PlainTextResponse("")
    inner = Starlette(routes=[Route("/{name}/posts", page)])
    return Starlette(
        routes=[
            Route("/articles/{number:int}", page),
            Mount("/users", routes=[Route("/{name}", page)]),
            Mount("/teams", app=inner),
            Mount("/files", app=page),
        ]
    )


def fastapi_app():
    from fastapi import APIRouter, FastAPI

    app, router = FastAPI(), APIRouter(prefix="/users")

    @app.get("/articles/{number}")
    def article(number: int) -> str:
        return ""

    @router.get("/{name}")
    def user(name: str) -> str:
        return ""

    app.include_router(router)
    return app


@pytest.mark.parametrize(
    ("make", "path", "name"),
    [
        (flask_app, "/articles/7", "/articles/<int:number>"),
        (flask_app, "/articles/none", None),
        (flask_app, "/forms", "/forms"),
        (flask_app, "/missing", None),
        (quart_app, "/articles/7", "/articles/<int:number>"),
        (starlette_app, "/articles/7", "/articles/{number:int}"),
        (starlette_app, "/users/ann", "/users/{name}"),
        (starlette_app, "/teams/red/posts", "/teams/{name}/posts"),
        (starlette_app, "/files/a.txt", "/files"),
        (starlette_app, "/missing", None),
        (fastapi_app, "/articles/7", "/articles/{number}"),
        (fastapi_app, "/users/ann", "/users/{name}"),
        (fastapi_app, "/missing", None),
    ],
)
def test_the_name_of_a_page(make, path, name):
    assert router_of(make())(path) == name


def test_routes_that_come_after_the_wrap_are_known():
    app = flask_app().__self__
    router = router_of(app.wsgi_app)
    app.add_url_rule("/late", "late", lambda: "")
    assert router("/late") == "/late"


def test_other_applications_have_no_router():
    assert router_of(lambda environ, start_response: []) is None
    assert router_of(None) is None
