"""YAML or a mapping -> frozen values, with a place and a way out in every complaint."""

from __future__ import annotations

from ztas_middleware.config.load import coerce, config_from_mapping, load_config
from ztas_middleware.config.model import Bots, Config, Site

__all__ = ["Bots", "Config", "Site", "coerce", "config_from_mapping", "load_config"]
