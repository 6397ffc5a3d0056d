"""`${NAME}` and `${NAME:-default}` in a value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# `$${` is a literal `${`; a `$` before anything else is just a dollar.
_REFERENCE = re.compile(r"(\$\$\{)|\$\{([^}]*)(\}?)")
_INSIDE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Fill in the variables that `text` refers to.

    As in a shell, the default of `${NAME:-default}` counts where the variable is unset or empty.
    What a variable holds is taken as it is, never expanded again.

    Raises:
        ValueError: a variable without default that is not set, or a reference that is none.
    """

    def value(reference: re.Match[str]) -> str:
        escaped, inside, closed = reference.groups()
        if escaped:
            return "${"
        parts = _INSIDE.fullmatch(inside)
        if not closed or not parts:
            raise ValueError("write ${NAME} or ${NAME:-default}, or $${ for a literal ${")
        name, default = parts.groups()
        found = environment.get(name)
        if default is not None:
            return found or str(default)
        if found is None:
            raise ValueError(
                f"the environment variable {name} is not set; "
                f"${{{name}:-default}} would give it a default"
            )
        return found

    return _REFERENCE.sub(value, text)
