"""A Python mapping -> nodes without places: the shape of the YAML file, from code."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from ztas_middleware.config.nodes import Complaint, Entry, Node, Refused

if TYPE_CHECKING:
    from typing import Any

_MAX_DEPTH = 32


def read_mapping(mapping: Mapping[Any, Any]) -> Node:
    """Describe a mapping as `document.read_yaml` describes a file.

    Raises:
        Refused: nested too deeply, which includes a mapping that contains itself.
    """
    return _Reader().node(mapping, 0)


class _Reader:
    """Describes each object once, however often it is referred to."""

    def __init__(self) -> None:
        # The object is kept beside its node: an id may be given again once its owner is gone.
        self._seen: dict[int, tuple[object, Node]] = {}

    def node(self, value: object, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise Refused(Complaint("nested too deeply"))
        if isinstance(value, Mapping):
            return self._once(value, depth)
        if isinstance(value, (list, tuple)):
            return self._once(value, depth)
        return _scalar(value)

    def _once(self, value: Mapping[Any, Any] | list[Any] | tuple[Any, ...], depth: int) -> Node:
        if id(value) in self._seen:
            return self._seen[id(value)][1]
        if isinstance(value, Mapping):
            entries = tuple(
                Entry(self.node(key, depth + 1), self.node(item, depth + 1))
                for key, item in value.items()
            )
            node = Node("mapping", entries=entries)
        else:
            node = Node("list", items=tuple(self.node(item, depth + 1) for item in value))
        self._seen[id(value)] = (value, node)
        return node


def _scalar(value: object) -> Node:
    if value is None:
        return Node("null")
    # Before numbers: to Python, True is an integer.
    if isinstance(value, bool):
        return Node("boolean", text=str(value).lower())
    if isinstance(value, (int, float)):
        return Node("number", text=_digits(value))
    if isinstance(value, date):
        return Node("date", text=str(value))
    path = os.fspath(value) if isinstance(value, os.PathLike) else value
    if isinstance(path, str):
        # Python has no unquoted text; what holds `${NAME}` is read as if it had.
        return Node("text", text=str(path), plain=path is value)
    return Node("other", text=f"a {type(value).__name__}")


def _digits(value: float) -> str:
    # Beyond 64 bits the digits matter to nobody, and Python refuses to print very long ones.
    if isinstance(value, int):
        return f"{int(value):d}" if value.bit_length() <= 64 else "beyond 64 bits"  # noqa: PLR2004 - says so
    return repr(float(value))
