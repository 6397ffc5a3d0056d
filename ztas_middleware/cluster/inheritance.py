"""What a member has to ship besides its own: rows of ancestors that were retired before they did.

A copy or a restored file begins with rows of its parent. Whoever lives ships them itself. Of one
that was retired, what it had not shipped is shipped by whoever has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.cluster import members
from ztas_middleware.cluster.outbox import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ztas_middleware.cluster.client import Client
    from ztas_middleware.cluster.members import Known


class Inheritance(NamedTuple):
    """What is there to be shipped in an ancestor's place."""

    spans: list[Span]
    """Of ids; not every one of them has a row."""
    is_all: bool
    """Whether there is no living ancestor, so that nothing is ever added."""


def inheritance(client: Client, own: Known) -> Inheritance:
    """The ids below a member's first own one that no batch that counts has.

    Raises:
        ClusterError: no server answered.
    """
    every = members.known(client)
    spans: list[Span] = []
    child, parent = own, every.get(own.parent)
    seen = {own.name}
    while parent is not None and parent.state == members.RETIRED and parent.name not in seen:
        seen.add(parent.name)
        region = Span(parent.start_id, min(child.start_id, own.start_id) - 1)
        if region.first <= region.last:
            spans += without([region], _shipped(client, every, parent, region))
        child, parent = parent, every.get(parent.parent)
    return Inheritance(sorted(spans), parent is None and child.parent in {"", *seen})


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """What is left of some spans."""
    left = list(spans)
    for gone in taken:
        left = [
            part
            for span in left
            for part in (
                Span(span.first, min(span.last, gone.first - 1)),
                Span(max(span.first, gone.last + 1), span.last),
            )
            if part.first <= part.last
        ]
    return left


def _shipped(client: Client, every: Mapping[str, Known], owner: Known, region: Span) -> list[Span]:
    """Which ids of a member's own rows have been shipped, by it or by those that inherited them."""
    (own_last,) = client.ask(
        f"""
        select max(last_id), count() from {client.cluster.database}.batches
        where member = %(name)s and seq <= %(fence)s and last_id >= %(start)s
        """,
        {"name": owner.name, "fence": owner.fence, "start": owner.start_id},
    )
    # Its own it ships in the order of their ids.
    spans = [Span(owner.start_id, own_last[0])] if own_last[1] else []
    heirs = [known for known in every.values() if owner.name in _ancestors(every, known)]
    for heir in heirs:
        fence = heir.fence if heir.state == members.RETIRED else 2**62
        spans += [
            Span(first, last)
            for first, last in client.ask(
                f"""
                select first_id, last_id from {client.cluster.database}.batches
                where member = %(name)s and seq <= %(fence)s and last_id < %(start)s
                    and last_id >= %(first)s and first_id <= %(last)s
                """,
                {
                    "name": heir.name,
                    "fence": fence,
                    "start": min(heir.start_id, region.last + 1),
                    **region._asdict(),
                },
            )
        ]
    return spans


def _ancestors(every: Mapping[str, Known], known: Known) -> set[str]:
    found: set[str] = set()
    parent = known.parent
    while parent and parent not in found:
        found.add(parent)
        parent = every[parent].parent if parent in every else ""
    return found
