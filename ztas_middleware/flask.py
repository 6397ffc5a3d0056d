"""The Flask extension: the wrap, `flask ztas ...`, and what a template needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from flask import Blueprint, Flask, Response, current_app, has_request_context, request
from markupsafe import Markup

from ztas_middleware import ZTASMiddleware
from ztas_middleware.current import current, reception_for, wanted
from ztas_middleware.viewing import views
from ztas_middleware.web.tag import tag_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ztas_middleware.answer import Answer
    from ztas_middleware.reception import Configurable


class ZTAS:
    """Adds private web analytics to a Flask app.

    Args:
        app: the app; without one, `init_app` follows.
        config: a path to a YAML file, a mapping of the same shape, or a loaded `Config`; without
            one, `ZTAS_CONFIG` of the app's own configuration.
        route: called with a path, returns the app's own name of the page; the app's rules without.
        exclude: called with Flask's request, says whether the sender is not to be counted.

    Raises:
        ConfigError: the configuration can't be used; it says where and why.
    """

    def __init__(
        self,
        app: Flask | None = None,
        config: Configurable | None = None,
        *,
        route: Callable[[str], str | None] | None = None,
        exclude: Callable[[Any], object] | None = None,
    ) -> None:
        self._route = route
        self._exclude = exclude
        self._config = config
        if app is not None:
            self.init_app(app, config)

    def init_app(self, app: Flask, config: Configurable | None = None) -> None:
        """Wrap an app, and give it the command and the template functions."""
        config = config or self._config or app.config.get("ZTAS_CONFIG") or "conf/ztas.yaml"
        self._config = config
        # Templates ask which request they are for.
        wanted.append(True)
        app.wsgi_app = ZTASMiddleware(  # type: ignore[method-assign]
            app.wsgi_app, config, route=self._route, exclude=self._excluding(app)
        )
        app.extensions["ztas"] = self
        app.jinja_env.globals.update(ztas_script=ztas_script, ztas_views=ztas_views)
        app.cli.add_command(_command(config))

    def dashboard(self, login_required: Callable[[Any], Any]) -> Blueprint:
        """The dashboard behind the app's own login, to be registered with a `url_prefix`.

        Args:
            login_required: a decorator of views, such as Flask-Login's, that lets in who may look.

        Raises:
            ConfigError: the configuration can't be used, or Jinja2 is not installed.
        """
        from ztas_middleware.web.dashboard.mounting import OpenDashboard

        handler = OpenDashboard(self._config or "conf/ztas.yaml")
        blueprint = Blueprint("ztas", __name__)

        @blueprint.route("/", defaults={"place": ""})
        @blueprint.route("/<path:place>")
        @login_required
        def dashboard(place: str) -> Response:
            """A page of the dashboard."""
            environ = dict(request.environ)
            below = f"/{place}".encode().decode("latin-1")
            whole = environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"]
            environ["SCRIPT_NAME"] = whole.removesuffix(below)
            environ["PATH_INFO"] = below
            return _response(handler(environ))

        return blueprint

    def _excluding(self, app: Flask) -> Callable[[Mapping[str, Any]], object] | None:
        exclude = self._exclude
        if exclude is None:
            return None

        def excluding(environ: Mapping[str, Any]) -> object:
            # With the app's context, for a session that has to be opened.
            with app.request_context(dict(environ)):
                return exclude(request._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001 - the documented way past the proxy

        return excluding


def ztas_script(site: str | None = None) -> Markup:
    """The tag that loads the script, with the nonce of the request's policy if it has one.

    Empty where the configuration does not serve the script, or does not say whose page it is.
    """
    found = current()
    reception = found[0] if found else reception_for(site)
    if reception is None or reception.config.script is None:
        return Markup()
    environ: Mapping[str, Any] = found[1] if found else {}
    try:
        site_id = reception.site_of(environ, site).id
    except LookupError:
        return Markup()
    # Flask-Talisman's, and where others have it.
    nonce = getattr(request, "csp_nonce", None) if has_request_context() else None
    mount = environ.get("SCRIPT_NAME", "")
    return Markup(tag_for(reception.config.script, site_id, mount, nonce).decode("ascii"))  # noqa: S704 - escaped there


def ztas_views(path: str | None = None, site: str | None = None) -> int:
    """The page views of a path, of the request's own if none is given; a minute old at most."""
    if path is None:
        path = request.script_root + request.path
    return views(path, site)


def _command(config: Configurable) -> click.Command:
    """`flask ztas`, which leaves all that follows to our own parser, `--help` included."""

    @click.command(
        "ztas",
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
        short_help="Statistics, exports, checks: the commands of ztas.",
    )
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def command(arguments: tuple[str, ...]) -> None:
        from ztas_middleware.cli.hosted import run

        run(arguments, config, "flask ztas")

    return command


def _response(answer: Answer) -> Response:
    response: Response = current_app.response_class(
        answer.body, status=answer.status, headers=answer.headers
    )
    return response
