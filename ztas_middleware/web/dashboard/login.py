"""The login page, logging out, and the way back to where one was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, quote

from ztas_middleware.errors import StorageError
from ztas_middleware.intake.body import announced_length, read_body
from ztas_middleware.intake.refusals import Refusal
from ztas_middleware.parameters import ParameterError
from ztas_middleware.web.dashboard.questions import parameters_of
from ztas_middleware.web.dashboard.rendering import redirect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ztas_middleware.answer import Answer, Header
    from ztas_middleware.web.dashboard.gate import Gate
    from ztas_middleware.web.dashboard.paths import Place
    from ztas_middleware.web.dashboard.rendering import Renderer
    from ztas_middleware.web.dashboard.visits import Visit

LONGEST_FORM: Final = 8_192
"""Bytes."""

HARMLESS: Final = "=&%+*-._~"
"""What of a query a redirect repeats as it is; all else is percent-encoded."""

# To where a login may lead; everything else has no place in `next`.
_GOALS: Final = ("overview", "site", "drops", "share")


class LoginPages:
    """Logs readers in and out.

    Args:
        gate: knows the password.
        renderer: for the form.
        places: all paths of the dashboard.
        base: the path that they are below.
    """

    def __init__(
        self, gate: Gate, renderer: Renderer, places: Mapping[str, Place], base: str
    ) -> None:
        self._gate = gate
        self._renderer = renderer
        self._places = places
        self._base = base

    def form(self, visit: Visit) -> Answer:
        """The page that asks for the password."""
        try:
            target = parameters_of(visit.query).get("next", [""])[0]
        except ParameterError:
            target = ""
        if visit.sees_all:
            return redirect(self._destination(visit, target))
        return self._form(visit, target, "200 OK")

    def log_in(self, visit: Visit) -> Answer:
        """What the form sends."""
        if not self._gate.is_from_here(visit.environ):
            return self._form(visit, "", "403 Forbidden", problem=_foreign(visit))
        fields = _form_fields(visit)
        target, password = fields.get("next", ""), fields.get("password", "")
        if not password:
            return self._form(visit, target, "403 Forbidden", problem="Enter the password.")
        try:
            attempt = self._gate.log_in(visit.environ, password, visit.now)
        except StorageError:
            problem = "Logins are not possible right now: the database can’t be written."
            return self._form(visit, target, "503 Service Unavailable", problem=problem)
        if attempt.busy:
            problem = "Others are logging in at this moment. Try again."
            retry = ("Retry-After", "1")
            return self._form(visit, target, "503 Service Unavailable", retry, problem=problem)
        if attempt.wait is not None:
            minutes = -(-attempt.wait // 60)
            problem = (
                "Too many tries. The next one is possible in "
                f"{minutes} {'minute' if minutes == 1 else 'minutes'}."
            )
            retry = ("Retry-After", str(attempt.wait))
            return self._form(visit, target, "429 Too Many Requests", retry, problem=problem)
        if attempt.cookie is None:
            problem = "That is not the password."
            return self._form(visit, target, "403 Forbidden", problem=problem)
        return redirect(self._destination(visit, target), [attempt.cookie])

    def log_out(self, visit: Visit) -> Answer:
        """End the session."""
        if not self._gate.is_from_here(visit.environ):
            return self._form(visit, "", "403 Forbidden", problem=_foreign(visit))
        return redirect(f"{visit.root}/-/login", [self._gate.log_out(visit.environ)])

    def _form(
        self, visit: Visit, target: str, status: str, *headers: Header, problem: str | None = None
    ) -> Answer:
        values = {
            **visit.common(),
            "logs_in": False,
            "logs_out": False,
            "next": target if self._is_ours(target) else "",
            "problem": problem,
        }
        return self._renderer.page(visit.environ, "login.html", values, status, headers)

    def _destination(self, visit: Visit, target: str) -> str:
        """Where a login leads to: one of our own pages, whatever the link said."""
        if not self._is_ours(target):
            return f"{visit.root}/"
        path, _, query = target.partition("?")
        # Put together anew, so that nothing of a stranger's making gets into the header.
        way = visit.root + quote(path, safe="/")
        return f"{way}?{quote(query, safe=HARMLESS)}" if query else way

    def _is_ours(self, target: str) -> bool:
        """Whether `next`, a decoded path below the dashboard with a query, is one of our pages."""
        place = self._places.get(self._base + target.partition("?")[0])
        return place is not None and place.page in _GOALS


def _foreign(visit: Visit) -> str:
    """Why a form is not taken: another site sent it, or a proxy hides which site this is."""
    origin, host = visit.environ.get("HTTP_ORIGIN", ""), visit.environ.get("HTTP_HOST", "")
    if visit.environ.get("HTTP_SEC_FETCH_SITE") or "://" not in origin:
        return "That came from another site, so nothing was done."
    return (
        f"That came from {origin}, and the request is for the Host {host}, so nothing was done. "
        "If a proxy stands in front of this server, let it pass on the browser’s Host header, or "
        "send X-Forwarded-Host and be one of trusted_proxies."
    )


def next_parameter(visit: Visit, base: str) -> str:
    """What to ask the login for, to come back to a visit's page."""
    path = visit.environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    way = path.removeprefix(base)
    return f"{way}?{visit.query}" if visit.query else way


def _form_fields(visit: Visit) -> dict[str, str]:
    """The first value of each field; nothing if it is no form of ours."""
    length = announced_length(visit.environ)
    if isinstance(length, Refusal) or (length or 0) > LONGEST_FORM:
        return {}
    body = read_body(visit.environ, length, LONGEST_FORM)
    if isinstance(body, Refusal):
        return {}
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}
