"""The PasteDeploy filter: `[filter:ztas] use = egg:ztas-middleware`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.errors import ConfigError
from ztas_middleware.middleware import ZTASMiddleware

if TYPE_CHECKING:
    from collections.abc import Mapping
    from wsgiref.types import WSGIApplication


def filter_app_factory(
    application: WSGIApplication,
    global_config: Mapping[str, str],  # noqa: ARG001 - the entry point's signature
    **settings: str,
) -> ZTASMiddleware:
    """Wrap `application` with the YAML file that the setting `config` names.

    Raises:
        ConfigError: `config` is missing, another setting is there, or the file can't be used.
    """
    config = settings.pop("config", None)
    if settings:
        names = ", ".join(sorted(settings))
        raise ConfigError(
            f"unknown setting in the PasteDeploy section: {names} (only config is read)"
        )
    if not config:
        raise ConfigError("the PasteDeploy section needs `config = %(here)s/ztas.yaml`")
    return ZTASMiddleware(application, config)
