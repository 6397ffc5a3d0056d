"""`goals` and `funnels`: names chosen by the user, and which hits each of them means."""

from __future__ import annotations

from ztas_middleware.config.goals import Funnel, Goal, Match, Step
from ztas_middleware.config.nodes import Complaint, Node, Refused, refuse
from ztas_middleware.config.sections import Key, Table, named, section
from ztas_middleware.config.settings import glob
from ztas_middleware.config.values import list_of, literal_text, text, wanted

_MATCH: Table = {
    "page": Key(glob),
    "action": Key(text),
    "category": Key(text),
    "label": Key(text),
}
_STEP: Table = {**_MATCH, "name": Key(text)}


def _match(**fields: str) -> Match:
    if ("page" in fields) == ("action" in fields):
        raise Refused(Complaint("needs either `page` or `action`, and not both"))
    return Match(**fields)


def _step(*, name: str | None = None, **fields: str) -> Step:
    match = _match(**fields)
    return Step(name or match.page or match.action or "", match)


def _goal(name: str, node: Node) -> Goal:
    return Goal(name, section(_match, _MATCH)(node))


def _funnel(name: str, node: Node) -> Funnel:
    if node.kind != "list":
        raise refuse(node, wanted("a list of steps", node))
    if not node.items:
        raise refuse(node, "must have at least one step")
    return Funnel(name, list_of(section(_step, _STEP))(node))


def goals(node: Node) -> tuple[Goal, ...]:
    """A site's goals, in the file's order."""
    return tuple(named(literal_text, _goal)(node).values())


def funnels(node: Node) -> tuple[Funnel, ...]:
    """A site's funnels, in the file's order."""
    return tuple(named(literal_text, _funnel)(node).values())
