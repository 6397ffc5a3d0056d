"""Private, honest web analytics inside a Python web app."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ztas_middleware import current
from ztas_middleware.config import Config, load_config
from ztas_middleware.errors import ConfigError, StorageError, ZtasError
from ztas_middleware.middleware import ZTASMiddleware
from ztas_middleware.mount import only_ours
from ztas_middleware.version import __version__

if TYPE_CHECKING:
    from ztas_middleware.tracking import track
    from ztas_middleware.viewing import views

__all__ = [
    "Config",
    "ConfigError",
    "StorageError",
    "ZTASMiddleware",
    "ZtasError",
    "__version__",
    "load_config",
    "only_ours",
    "track",
    "views",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - PEP 562
    """Import what an app asks itself for, and remember that it does."""
    room = {"track": "tracking", "views": "viewing"}.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    current.wanted.append(True)
    found = globals()[name] = getattr(import_module(f"ztas_middleware.{room}"), name)
    return found
