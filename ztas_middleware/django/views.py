"""The dashboard behind the project's own login, for the staff alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.urls import NoReverseMatch, reverse

from ztas_middleware.asgi.environs import key_of
from ztas_middleware.django.requests import environ_for, response_of
from ztas_middleware.django.settings import configured
from ztas_middleware.web.dashboard.mounting import OpenDashboard

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from ztas_middleware.reception import Configurable


def dashboard(request: HttpRequest, place: str = "") -> HttpResponse:
    """A page of the dashboard, if the user is of the staff."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path(), _login())
    if not request.user.is_staff:
        raise PermissionDenied
    environ = environ_for(request)
    mount = request.path.removesuffix(place).removesuffix("/")
    environ["SCRIPT_NAME"], environ["PATH_INFO"] = key_of(mount), key_of(f"/{place}")
    return response_of(_dashboard()(environ))


def _login() -> str | None:
    """The admin's login, where there is an admin; else the project's."""
    try:
        return reverse("admin:login")
    except NoReverseMatch:
        return None


def _dashboard() -> OpenDashboard:
    config = configured()
    if not _made or _made[0][0] is not config:
        _made[:] = [(config, OpenDashboard(config))]
    return _made[0][1]


_made: list[tuple[Configurable, OpenDashboard]] = []
