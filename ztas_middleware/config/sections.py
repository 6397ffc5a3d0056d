"""Mappings -> dataclasses, by tables of keys. Which keys there are is left to `keys`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ztas_middleware.config.nodes import Complaint, Node, Refused, refuse, shown
from ztas_middleware.config.values import Convert, suggestion, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ztas_middleware.config.nodes import Entry

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a section: how its value is read, and which field it fills."""

    convert: Convert[object]
    field: str | None = None
    """The dataclass field, where it is not called like the key."""
    required: bool = False
    """Whether the section is unusable without it; all others have their default in the field."""


Table = Mapping[str, Key]


def section(build: Callable[..., T], table: Table) -> Convert[T]:
    """A converter for a mapping with known keys, which calls `build` with the fields that are set.

    All complaints about the section are collected, so that the loader can pick the first one.
    """

    def convert(node: Node) -> T:
        fields: dict[str, object] = {}
        complaints: list[Complaint] = []
        given: set[str] = set()
        mistaken = False
        for entry in _entries(node, complaints):
            name = entry.key.text
            known = table.get(name)
            if known is None:
                mistaken = True
                problem = f"unknown key{suggestion(name, table)}"
                complaints.append(Complaint(problem).below(entry.key))
                continue
            given.add(name)
            try:
                fields[known.field or name] = known.convert(entry.value)
            except Refused as refused:
                complaints += [complaint.below(entry.key) for complaint in refused.complaints]
        # An unknown key is most often the missing one, misspelt: one complaint is enough.
        if not mistaken:
            complaints += [
                Complaint("is missing", None, (name,))
                for name, key in table.items()
                if key.required and name not in given
            ]
        if complaints:
            raise Refused(*complaints)
        return build(**fields)

    return convert


def named(
    read_name: Callable[[Node], str], read: Callable[[str, Node], T]
) -> Convert[dict[str, T]]:
    """A converter for a mapping whose keys are names that the user chose."""

    def convert(node: Node) -> dict[str, T]:
        values: dict[str, T] = {}
        complaints: list[Complaint] = []
        for entry in _entries(node, complaints):
            try:
                name = read_name(entry.key)
                values[name] = read(name, entry.value)
            except Refused as refused:  # noqa: PERF203 - each complaint is wanted, not the first
                complaints += [complaint.below(entry.key) for complaint in refused.complaints]
        if complaints:
            raise Refused(*complaints)
        return values

    return convert


def _entries(node: Node, complaints: list[Complaint]) -> Iterator[Entry]:
    """The entries of a mapping, each key once; a section with nothing in it is an empty one."""
    if node.kind not in ("mapping", "null"):
        raise refuse(node, wanted("a mapping", node))
    first: dict[str, Node] = {}
    for entry in node.entries:
        key = entry.key
        if key.kind in ("list", "mapping", "other"):
            complaints.append(Complaint(f"{shown(key.name)} cannot be a key", key.place))
        elif key.text in first:
            place = first[key.text].place
            where = f", first in line {place.line}" if place else ""
            complaints.append(Complaint(f"is given twice{where}").below(key))
        else:
            first[key.text] = key
            yield entry
