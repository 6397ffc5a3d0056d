"""The properties of an event: a flat JSON object of what the site's owner wants to know of it.

Names and texts are cleaned like all client text. The form is canonical, so that the same
properties are the same text, whoever wrote them.
"""

from __future__ import annotations

import json
from math import isfinite
from typing import Any, Final

from ztas_middleware.intake.text import clean_text

MOST: Final = 20
LONGEST_NAME: Final = 64
"""Characters; a text value has the limit of all texts."""

_ENCODER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)
_LARGEST = 2**63


def clean_properties(properties: dict[str, Any]) -> str | None:
    """Properties as they are stored.

    Args:
        properties: an object as JSON holds it.

    Returns:
        A JSON object with sorted names, of the first `MOST` properties whose values are text,
        numbers or booleans; None where there are none.
    """
    clean: dict[str, str | float] = {}
    for name, value in properties.items():
        kept = _clean_value(value)
        if kept is None:
            continue
        key = clean_text(name, LONGEST_NAME)
        if key is not None and key not in clean:
            clean[key] = kept
            if len(clean) == MOST:
                break
    return _ENCODER.encode(clean) if clean else None


def _clean_value(value: object) -> str | float | None:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, int):  # true and false are, too
        return value if -_LARGEST <= value < _LARGEST else None
    return value if isinstance(value, float) and isfinite(value) else None
