"""A database that version 0.1 itself wrote, see tests/history/version_0_1/make.py."""

from __future__ import annotations

import gzip
from pathlib import Path

HERE = Path(__file__).parents[1] / "history" / "version_0_1"
NOW = 1_790_000_000_000
"""Shortly after its newest hit."""


def old_database(file):
    """Put it where `file` is."""
    file.write_bytes(gzip.decompress((HERE / "database.gz").read_bytes()))
    return file
