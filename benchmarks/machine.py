"""What a run ran on."""

from __future__ import annotations

import os
import platform
import sqlite3
from pathlib import Path


def describe() -> tuple[tuple[str, str], ...]:
    """Name and value of what makes figures differ from machine to machine."""
    return (
        ("Processor", f"{_processor()}, {os.cpu_count()} cores"),
        ("System", f"{platform.system()} {platform.release()} {platform.machine()}"),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("SQLite", sqlite3.sqlite_version),
        ("Load before the run", f"{os.getloadavg()[0]:.2f}"),
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown"
