"""The script tag of a project's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ztas_middleware.current import current, reception_for
from ztas_middleware.web.tag import tag_for

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.template import Context


def script_tag(site_id: str | None, nonce: str | None) -> str:
    """The tag for a page; empty if no script is served, or the site is not known."""
    found = current()
    reception = found[0] if found else reception_for(site_id)
    if reception is None or reception.config.script is None:
        return ""
    environ: dict[str, Any] = dict(found[1]) if found else {}
    try:
        site = reception.site_of(environ, site_id)
    except LookupError:
        return ""
    mount = environ.get("SCRIPT_NAME", "")
    return tag_for(reception.config.script, site.id, mount, nonce).decode("ascii")


def nonce_of(context: Context, request: HttpRequest | None) -> str | None:
    """The nonce of the request's policy, if it has one: of Django 6, or of django-csp."""
    # Not `or`: a nonce that nobody has asked for is false until it is made.
    for nonce in (
        context.get("csp_nonce"),
        getattr(request, "_csp_nonce", None),
        getattr(request, "csp_nonce", None),
    ):
        if nonce is not None:
            return str(nonce)
    return None
