"""What a configuration looks like before anybody knows what it means.

YAML text and Python mappings both become this tree, so that every later complaint is worded
once and differs only in whether a place can be named. Meaning is left to `values` and `keys`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

Kind = Literal["text", "number", "boolean", "null", "date", "list", "mapping", "other"]

# How a complaint calls what it found.
NAMES: dict[Kind, str] = {
    "text": "text",
    "number": "a number",
    "boolean": "a boolean",
    "null": "nothing",
    "date": "a date",
    "list": "a list",
    "mapping": "a mapping",
}


class Place(NamedTuple):
    """A spot in a file, both 1-based."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Node:
    """One value, as it was written."""

    kind: Kind
    place: Place | None = None
    """None for a Python mapping, which has no lines."""
    text: str = ""
    """A scalar as written; for `other`, the words for what it is."""
    plain: bool = False
    """Whether the kind was inferred from the text, so that it is inferred again once `${NAME}`
    has been filled in; quoted text stays text."""
    items: tuple[Node, ...] = ()
    entries: tuple[Entry, ...] = ()
    """In the order of the file; a key that is given twice is here twice."""

    @property
    def name(self) -> str:
        """What a complaint calls this: `a number`, `nothing`, `the tag !env`."""
        if self.kind == "other":
            return self.text
        return "null" if self.kind == "null" and self.text else NAMES[self.kind]


class Entry(NamedTuple):
    """A key and its value."""

    key: Node
    value: Node


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong."""

    problem: str
    place: Place | None = None
    """None where the text has no spot of its own; the nearest key around it lends its place."""
    keys: tuple[str, ...] = ()
    """The way to it from where it was raised; each mapping on the way up puts its key in front."""

    def below(self, key: Node) -> Complaint:
        """The same complaint, seen from the mapping that has `key`."""
        return replace(self, place=self.place or key.place, keys=(shown(key.text), *self.keys))


class Refused(Exception):  # noqa: N818 - never leaves the package; ConfigError does
    """A value that cannot be used, with all that is wrong inside it."""

    def __init__(self, *complaints: Complaint) -> None:
        self.complaints = complaints
        super().__init__(*complaints)


def refuse(node: Node, problem: str) -> Refused:
    """The exception for one complaint about `node`."""
    # `key:` with nothing behind it has no spot worth pointing at.
    empty = node.kind == "null" and not node.text
    return Refused(Complaint(problem, None if empty else node.place))


def shown(text: str, limit: int = 64) -> str:
    """Text as a message may carry it: on one line, printable, not endless."""
    cut = text if len(text) <= limit else text[: limit - 3] + "..."
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in cut) or '""'


def quoted(text: str) -> str:
    """The same between quotation marks."""
    return f'"{shown(text)}"' if text else '""'
