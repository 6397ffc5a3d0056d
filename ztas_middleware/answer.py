"""An HTTP answer of ours as a value: handlers return one, the front door sends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

Header = tuple[str, str]


class Answer(NamedTuple):
    """What goes to the client.

    `headers` is made anew for each answer, since servers and outer middleware may change it.
    `body` may have a `close()` that runs once the server has sent it (PEP 3333).
    """

    status: str
    headers: list[Header]
    body: Iterable[bytes]
