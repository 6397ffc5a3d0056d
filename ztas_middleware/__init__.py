"""Private, honest web analytics inside a Python web app."""

from ztas_middleware.config import Config, load_config
from ztas_middleware.errors import ConfigError, StorageError, ZtasError
from ztas_middleware.middleware import ZTASMiddleware
from ztas_middleware.mount import only_ours
from ztas_middleware.version import __version__

__all__ = [
    "Config",
    "ConfigError",
    "StorageError",
    "ZTASMiddleware",
    "ZtasError",
    "__version__",
    "load_config",
    "only_ours",
]
