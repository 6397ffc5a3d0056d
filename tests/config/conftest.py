"""Config files, written where the message says they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from ztas_middleware.config import load_config
from ztas_middleware.errors import ConfigError

NAME = "conf/ztas.yaml"


@pytest.fixture(name="load")
def _load(tmp_path, monkeypatch):
    """Loads YAML text (or bytes) under the name `conf/ztas.yaml`."""
    monkeypatch.chdir(tmp_path)
    Path("conf").mkdir()

    def load(text):
        Path(NAME).write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_config(NAME)

    return load


@pytest.fixture(name="message")
def _message(load):
    """The message of the ConfigError that YAML text is refused with."""

    def message(text):
        with pytest.raises(ConfigError) as caught:
            load(text)
        return str(caught.value)

    return message
