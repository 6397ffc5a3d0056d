"""The dashboard: pages with charts, rendered on the server, for people who would rather look.

Nothing of it is imported before somebody asks for a page, but for the list of its paths.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from wsgiref.types import WSGIApplication

    from ztas_middleware.config.model import Config

__all__ = ["dashboard_app"]


def dashboard_app(
    config: str | os.PathLike[str] | Mapping[str, Any] | Config,
) -> WSGIApplication:
    """The dashboard as a WSGI application of its own, without any login.

    It answers at `/` and `/SITE` below wherever it is mounted, whatever `dashboard.path` says,
    and shows every site to everyone: who may come in is the business of what is in front of it.

    Raises:
        ConfigError: the configuration can't be used, or Jinja2 is not installed.
    """
    from ztas_middleware.web.dashboard.mounting import standalone

    return standalone(config)
