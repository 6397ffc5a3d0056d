"""Nodes -> plain values: text, numbers, booleans, choices, lists. One function a type.

A converter takes a node and returns a value or raises `Refused`. Values with rules of their own
(paths, networks, timezones) are in `settings`, sections in `sections`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from ztas_middleware.config.nodes import Complaint, Node, Refused, quoted, refuse, shown
from ztas_middleware.config.variables import expand

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")
Convert = Callable[[Node], T]

# YAML 1.1 also has 0x1F, 017, 1_000 and 1:30 (which is 90); nobody means the last two.
_WHOLE_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,18})")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_TRUE = frozenset({"true", "yes", "on"})


def scalar(node: Node) -> Node:
    """The node with its `${NAME}` filled in; what is not quoted gets the kind of its new text."""
    if node.kind != "text" or "${" not in node.text:
        return node
    try:
        text = expand(node.text, os.environ)
    except ValueError as error:
        raise refuse(node, str(error)) from None
    if not node.plain:
        return replace(node, text=text)
    # Imported here: a mapping without variables needs no YAML.
    from ztas_middleware.config.document import plain_kind

    return replace(node, kind=plain_kind(text), text=text)


def text(node: Node) -> str:
    """Text that is not blank and has no control characters."""
    found = scalar(node)
    # A variable's value cannot be put in quotes where it is set, so where text is wanted,
    # one that looks like a number is text.
    if found is not node and found.kind != "null":
        found = replace(found, kind="text")
    return literal_text(found)


def literal_text(node: Node) -> str:
    """The same, but `${` is nothing special: for keys."""
    if node.kind != "text":
        raise refuse(node, wanted("text", node))
    if not node.text.strip():
        raise refuse(node, "must not be blank")
    if _CONTROL.search(node.text):
        raise refuse(node, f"must not have control characters: {quoted(node.text)}")
    return node.text


def boolean(node: Node) -> bool:
    """`true` or `false`, in any of YAML's spellings."""
    found = scalar(node)
    if found.kind != "boolean":
        near = suggestion(found.text, ("true", "false")) if found.kind == "text" else ""
        raise refuse(found, wanted("true or false", found) + near)
    return found.text.lower() in _TRUE


def integer(low: int, high: int, *, hint: str = "") -> Convert[int]:
    """A converter for whole numbers between `low` and `high`, both included."""

    def convert(node: Node) -> int:
        found = scalar(node)
        if found.kind != "number":
            raise refuse(found, wanted("a whole number", found))
        if not _WHOLE_NUMBER.fullmatch(found.text):
            problem = f"must be a whole number in plain digits, not {shown(found.text)}"
            raise refuse(found, problem)
        number = int(found.text)
        if not low <= number <= high:
            problem = f"must be between {low} and {high}{hint}, not {number}"
            raise refuse(found, problem)
        return number

    return convert


def choice(*names: str) -> Convert[str]:
    """A converter for one of a few names."""

    def convert(node: Node) -> str:
        name = text(node)
        if name not in names:
            known = " or ".join(names)
            raise refuse(node, f"must be {known}, not {quoted(name)}{suggestion(name, names)}")
        return name

    return convert


def optional(convert: Convert[T]) -> Convert[T | None]:
    """The same converter, but `null` is None."""

    def convert_optional(node: Node) -> T | None:
        return None if scalar(node).kind == "null" else convert(node)

    return convert_optional


def list_of(convert: Convert[T]) -> Convert[tuple[T, ...]]:
    """A converter for lists, each item converted by `convert`."""

    def convert_list(node: Node) -> tuple[T, ...]:
        if node.kind != "list":
            found = scalar(node)
            way_out = ""
            if found.kind == "text":
                convert(node)  # a list of what is refused is no way out
                way_out = f": [{shown(found.text)}]"
            way_out = way_out or ("; [] is an empty one" if found.kind == "null" else "")
            raise refuse(found, wanted("a list", found) + way_out)
        values: list[T] = []
        complaints: list[Complaint] = []
        for item in node.items:
            try:
                values.append(convert(item))
            except Refused as refused:  # noqa: PERF203 - each complaint is wanted, not the first
                complaints += refused.complaints
        if complaints:
            raise Refused(*complaints)
        return tuple(values)

    return convert_list


def wanted(what: str, found: Node) -> str:
    """The complaint about a wrong type, with the way out where quotes make the difference."""
    problem = f"must be {what}, not {found.name}"
    if what == "text" and found.text and found.kind in ("number", "boolean", "date"):
        return f"{problem}; write it in quotes: {quoted(found.text)}"
    if what != "text" and found.kind == "text":
        return f"{problem} ({quoted(found.text)})"
    return problem


def suggestion(name: str, known: Iterable[str]) -> str:
    """` (did you mean "domain"?)`, or nothing where no known name is near."""
    # Imported here: only a mistake needs it.
    from difflib import get_close_matches

    by_lower = {candidate.lower(): candidate for candidate in known}
    near = get_close_matches(name.lower(), by_lower, n=1)
    return f" (did you mean {quoted(by_lower[near[0]])}?)" if near else ""
