"""YAML text -> nodes with places. What the keys mean is left to `keys`.

Built on parser events instead of `yaml.compose`: libyaml's composer recurses in C and takes the
process down on deep nesting, and events show aliases and merges before they can multiply.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Protocol, cast

import yaml

from ztas_middleware.config.nodes import Complaint, Entry, Kind, Node, Place, Refused, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_DEPTH = 32
# Values that aliases may repeat in all: each costs its time again where it is read, so that a
# list of a thousand domains in each of a thousand sites would take half a minute.
_MAX_REPEATED = 200_000
_TAG = "tag:yaml.org,2002:"
_KINDS: dict[str, Kind] = {
    _TAG + "str": "text",
    _TAG + "int": "number",
    _TAG + "float": "number",
    _TAG + "bool": "boolean",
    _TAG + "null": "null",
    _TAG + "timestamp": "date",
    # A lone `=` or `<<` as a value: YAML 1.1 has types for them, nobody means those.
    _TAG + "value": "text",
    _TAG + "merge": "text",
}
# What YAML allows in a document (chapter 5.1), turned around.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
# Marks that mean something else to YAML when a value begins with them, `*.example.com` above all.
_INDICATORS = "*&@`%|>!"


def read_yaml(text: str) -> Node:
    """Parse one YAML document.

    Returns:
        Its root; an empty document is a node of kind `null`.

    Raises:
        Refused: not YAML, more than one document, an alias without anchor, too deep.
    """
    unprintable = _UNPRINTABLE.search(text)
    if unprintable:
        code = ord(unprintable[0])
        raise _refused(f"the character U+{code:04X} is not allowed", _place(text, unprintable))
    try:
        return _Builder(_events(text)).document()
    except yaml.MarkedYAMLError as error:
        place = _mark(error.problem_mark or error.context_mark)
        words = _explained(error, text, place)
        opened = _left_open(error, text)
        if place is not None and opened is not None and opened.line < place.line:
            # The parser notices far behind it, often at the end of the file.
            words, place = f"what begins here is never closed; line {place.line}: {words}", opened
        raise _refused(f"not valid YAML: {words}", place) from None
    except yaml.YAMLError as error:
        raise _refused(f"not valid YAML: {shown(str(error), 200)}", None) from None


def plain_kind(text: str) -> Kind:
    """What YAML takes an unquoted scalar for."""
    resolvers = yaml.resolver.Resolver.yaml_implicit_resolvers
    for tag, pattern in resolvers.get(text[:1], ()):
        if pattern.match(text):
            return _KINDS.get(tag, "text")
    return "text"


def _events(text: str) -> Iterator[yaml.Event]:
    return yaml.parse(text, _LOADER)


class _HasLine(Protocol):
    """What the marks of libyaml and of the pure parser have in common; both count from 0."""

    line: int
    column: int


class _Builder:
    """Turns the stream of events into nodes, each anchor's node built once and then shared."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._depth = 0
        self._size = 0
        self._repeated = 0

    def document(self) -> Node:
        next(self._events)  # the stream starts
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return Node("null")
        root = self._node(next(self._events))
        next(self._events)  # the document ends
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise _refused("a second document begins here", _mark(after.start_mark))
        return root

    def _node(self, event: yaml.Event) -> Node:
        place = _mark(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            # An anchor is known once its node is complete, so a node cannot hold itself.
            known = self._anchors.get(event.anchor or "")
            if known is None:
                raise _refused(f"*{shown(event.anchor or '')} stands for nothing before it", place)
            node, size = known
            self._size += size
            self._repeated += size
            if self._repeated > _MAX_REPEATED:
                raise _refused(f"aliases repeat more than {_MAX_REPEATED} values", place)
            return node
        self._depth += 1
        before = self._size
        self._size += 1
        if self._depth > _MAX_DEPTH:
            raise _refused("nested too deeply", place)
        if isinstance(event, yaml.ScalarEvent):
            node = _scalar(event, place)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._list(event, place)
        else:
            node = self._mapping(cast("yaml.MappingStartEvent", event), place)
        self._depth -= 1
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            self._anchors[event.anchor] = node, self._size - before
        return node

    def _list(self, start: yaml.SequenceStartEvent, place: Place | None) -> Node:
        items = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event))
        if start.tag not in (None, "!", _TAG + "seq"):
            return Node("other", place, _tagged(start.tag))
        return Node("list", place, items=tuple(items))

    def _mapping(self, start: yaml.MappingStartEvent, place: Place | None) -> Node:
        own: list[Entry] = []
        merges: list[Entry] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event)
            entry = Entry(key, self._node(next(self._events)))
            (merges if key.plain and key.text == "<<" else own).append(entry)
        if start.tag not in (None, "!", _TAG + "map"):
            return Node("other", place, _tagged(start.tag))
        return Node("mapping", place, entries=_merged(own, merges))


def _merged(own: list[Entry], merges: list[Entry]) -> tuple[Entry, ...]:
    """The mapping's own entries and those of `<<: *other` that it does not override."""
    if not merges:
        return tuple(own)
    if len(merges) > 1:
        raise _refused("<< is given twice; write <<: [*one, *two]", merges[1].key.place)
    key, value = merges[0]
    entries = list(own)
    known = {entry.key.text for entry in own}
    for source in value.items if value.kind == "list" else (value,):
        if source.kind != "mapping":
            raise _refused(f"<< takes a mapping or a list of them, not {source.name}", key.place)
        fresh = [entry for entry in source.entries if entry.key.text not in known]
        known.update(entry.key.text for entry in fresh)
        entries += fresh
    return tuple(entries)


def _scalar(event: yaml.ScalarEvent, place: Place | None) -> Node:
    text = event.value
    if event.tag in (None, "!"):
        plain = event.implicit[0]
        return Node(plain_kind(text) if plain else "text", place, text, plain)
    kind = _KINDS.get(event.tag)
    return Node(kind, place, text) if kind else Node("other", place, _tagged(event.tag))


def _tagged(tag: str) -> str:
    return f"the tag {shown('!!' + tag.removeprefix(_TAG) if tag.startswith(_TAG) else tag)}"


def _explained(error: yaml.MarkedYAMLError, text: str, place: Place | None) -> str:
    """The parser's words, and the way out of the mistakes that people make."""
    words = " ".join(part for part in (error.problem, error.context) if part)
    if place is None:
        return words
    lines = _LINE_BREAK.split(text)
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    # libyaml points at the mark itself or just behind it.
    around = line[max(0, place.column - 2) : place.column]
    if around.endswith("\t"):
        return f"{words}; indent with spaces, not tabs"
    if "${" in line and "{" in around:
        return f"{words}; between brackets, write " + '"${NAME}" in quotes'
    for mark in around:
        if mark in _INDICATORS:
            return f"{words}; a value that begins with {mark} must be in quotes"
    return words


def _left_open(error: yaml.MarkedYAMLError, text: str) -> Place | None:
    """Where the quote or the innermost bracket begins that is not closed, if that is the matter."""
    if error.context == "while scanning a quoted scalar":
        return _mark(error.context_mark)
    starts = (yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken)
    ends = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)
    opened = []
    with contextlib.suppress(yaml.YAMLError):
        for token in yaml.scan(text, _LOADER):
            if isinstance(token, starts):
                opened.append(token.start_mark)
            elif opened and isinstance(token, ends):
                opened.pop()
    return _mark(opened[-1]) if opened else None


def _refused(problem: str, place: Place | None) -> Refused:
    return Refused(Complaint(problem, place))


def _mark(mark: _HasLine | None) -> Place | None:
    return Place(mark.line + 1, mark.column + 1) if mark else None


def _place(text: str, match: re.Match[str]) -> Place:
    before = _LINE_BREAK.split(text[: match.start()])
    return Place(len(before), len(before[-1]) + 1)
