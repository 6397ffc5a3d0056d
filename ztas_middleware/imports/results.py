"""What came of a file in one run of an import."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ztas_middleware.imports.outcomes import Remarks


@dataclass(slots=True)
class Result:
    """What came of a file in one run."""

    lines: int = 0
    """Without the header of a table."""
    stored: int = 0
    known: int = 0
    """Rows of an export that were there already."""
    left_out: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    overlapping: Counter[str] = field(default_factory=Counter)
    """Lines of days that have rows of another origin, by date."""
    remarks: Remarks = field(default_factory=Remarks)
