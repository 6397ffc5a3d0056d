"""`{% load ztas %}`: the script tag, and how often a page was viewed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.safestring import SafeString, mark_safe

from ztas_middleware import views
from ztas_middleware.django.tags import nonce_of, script_tag

if TYPE_CHECKING:
    from django.template import Context

register = template.Library()


@register.simple_tag(takes_context=True)
def ztas_script(context: Context, site: str | None = None) -> SafeString:
    """The tag that loads the script, with the nonce of the request's Content-Security-Policy.

    Empty where the configuration does not serve the script, or does not say whose page it is.
    """
    request = context.get("request")
    return mark_safe(script_tag(site, nonce_of(context, request)))  # noqa: S308 - made and escaped by us


@register.simple_tag(takes_context=True)
def ztas_views(context: Context, path: str | None = None, site: str | None = None) -> int:
    """The page views of a path, of the request's own if none is given."""
    request = context.get("request")
    if path is None:
        path = request.path if request is not None else "/"
    return views(path, site)
