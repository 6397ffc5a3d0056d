"""Draining one database file into the cluster, in order, so that every hit is there once in effect.

A batch is written down before it is sent, and confirmed when every shard has acknowledged it; only
confirmed ones count. Whoever is killed in between, or gets no answer, asks the cluster what is
there of the batch before sending the same again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ztas_middleware.cluster import members, schema
from ztas_middleware.cluster.beginnings import registered
from ztas_middleware.cluster.counters import Counters
from ztas_middleware.cluster.inheritance import inheritance
from ztas_middleware.cluster.members import Progress
from ztas_middleware.cluster.outbox import Span, columns_of, next_rows
from ztas_middleware.errors import ZtasError
from ztas_middleware.store import membership
from ztas_middleware.store.backlog import backlog
from ztas_middleware.store.reading import reading
from ztas_middleware.store.salts import retire

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from ztas_middleware.cluster.client import Client
    from ztas_middleware.cluster.outbox import Row
    from ztas_middleware.config.model import Config
    from ztas_middleware.store.database import Database
    from ztas_middleware.store.membership import Member

IN_FLIGHT: Final = 6_000
"""Milliseconds between the time of a hit and its commit: five of waiting for a lock, and one."""

BEAT: Final = 2.0
"""Seconds after which it is said anew how far we are."""

LOOK_ROUND: Final = 5.0
"""Seconds after which the cluster is asked whether we, or an ancestor, have been retired."""

SALTS: Final = 600.0
"""Seconds between two looks for salts and keys that are due."""


class ChangedError(ZtasError):
    """The file is not what it was: another was put in its place, or its newest hits are gone."""


@dataclass
class Shipper:
    """What ships one file; for one thread.

    Args:
        config: which file, and which sites' history.
        database: the file.
        client: to the cluster.
        progress: told how many hits arrived, after each batch.
    """

    config: Config
    database: Database
    client: Client
    progress: Callable[[int], object] = lambda _: None
    shipped: int = 0
    _name: str | None = None
    _said: Progress = field(default_factory=lambda: Progress(0, 0, 0, 0))
    _beat_at: float = 0.0
    _looked_at: float = 0.0
    _salts_at: float = 0.0
    _inherits_at: float = 0.0
    _counters: Counters = field(default_factory=Counters)

    def drain(self, *, is_last: bool = False) -> int:
        """Ship what there is by now; how many hits that were.

        Args:
            is_last: whether nobody will call it again soon, so that it is said now how far we are.

        Raises:
            ClusterError: the cluster does not take it; what was acknowledged stays so.
            StorageError: the file can't be read or written.
            ZtasError: this file may not ship: it has not joined, or was retired.
        """
        try:
            return self._drain(is_last=is_last)
        except ChangedError:
            # It has another name by now, under which it goes on.
            self._name = None
            return self._drain(is_last=is_last)

    def _drain(self, *, is_last: bool) -> int:
        before = self.shipped
        member = self._member()
        member = self._settle_pending(member)
        now = time.time_ns() // 1_000_000
        with reading(self.config.database) as connection:
            last = membership.next_id(connection) - 1
        self._inherit(member)
        while (batch := self._own(last)) is not None:
            self._ship(*batch)
        if is_last or time.monotonic() >= self._beat_at:
            self._say(now - IN_FLIGHT)
        return self.shipped - before

    def _member(self) -> Member:
        """What the file knows of itself, made sure that the cluster knows it."""
        member = self.database.transact(membership.look_around)
        now = time.monotonic()
        if now >= self._salts_at:
            self._salts_at = now + SALTS
            retire(self.database, time.time_ns() // 1_000_000, patience=1)
        if member is not None and member.name == self._name and now < self._looked_at:
            return member
        schema.check_version(self.client)
        member = registered(self.client, self.config, self.database)
        if member.name != self._name:
            self._name = member.name
            self._inherits_at = 0.0
            self._said = members.progress(self.client).get(member.name, self._said)
            self._counters = Counters()
        self._looked_at = now + LOOK_ROUND
        return member

    def _settle_pending(self, member: Member) -> Member:
        """Finish a batch of which it is not known whether it arrived."""
        if member.pending_first is None or member.pending_last is None:
            return member
        span = Span(member.pending_first, member.pending_last)
        rows = member.pending_rows or 0
        if self._arrived(member.name, span) < rows:
            with reading(self.config.database) as connection:
                again = next_rows(self.config, connection, span, member.moved_id)
            if again:
                self._send(member.name, again)
            # Of what was deleted since, as much counts as has arrived.
            if len(again) != rows:
                rows = max(len(again), self._arrived(member.name, span))
        return self._confirm(member, span, rows)

    def _arrived(self, name: str, span: Span) -> int:
        (found,) = self.client.ask(
            f"""
            select uniqExact(id) from {self.client.cluster.database}.hits
            where member = %(name)s and id between %(first)s and %(last)s
            """,
            {"name": name, **span._asdict()},
        )
        return int(found[0])

    def _own(self, last: int) -> tuple[Member, list[Row]] | None:
        with reading(self.config.database) as connection:
            member = self._same(connection)
            if member.shipped_id >= max(last, member.moved_id):
                return None
            span = Span(member.shipped_id + 1, max(last, member.moved_id))
            rows = next_rows(self.config, connection, span, member.moved_id)
        return (member, rows) if rows else None

    def _inherit(self, member: Member) -> None:
        """Ship what retired ancestors have left."""
        now = time.monotonic()
        if member.is_settled or now < self._inherits_at:
            return
        self._inherits_at = now + LOOK_ROUND
        own = members.find(self.client, member.name)
        if own is None:
            return
        found = inheritance(self.client, own)
        for span in found.spans:
            first = span.first
            while first <= span.last:
                with reading(self.config.database) as connection:
                    member = self._same(connection)
                    rows = next_rows(
                        self.config, connection, Span(first, span.last), member.moved_id
                    )
                if not rows:
                    break
                self._ship(member, rows)
                first = rows[-1][0] + 1
        if found.is_all:
            self.database.transact(lambda connection: membership.change(connection, is_settled=1))

    def _same(self, connection: sqlite3.Connection) -> Member:
        member = membership.member_in(connection)
        if member is None or member.name != self._name or member.cut_id is not None:
            raise ChangedError(f"{self.config.database}: has changed meanwhile")
        return member

    def _ship(self, member: Member, rows: list[Row]) -> None:
        span = Span(rows[0][0], rows[-1][0])

        def note(connection: sqlite3.Connection) -> None:
            self._same(connection)
            membership.change(
                connection,
                pending_first=span.first,
                pending_last=span.last,
                pending_rows=len(rows),
            )

        self.database.transact(note)
        self._send(member.name, rows)
        self._confirm(member, span, len(rows))
        self.shipped += len(rows)
        self.progress(len(rows))
        if time.monotonic() >= self._beat_at + BEAT:
            self._say(self._said.complete_until)
            # What it is all for is said behind the last one.
            self._beat_at = time.monotonic()

    def _send(self, name: str, rows: list[Row]) -> None:
        columns, values = columns_of(name, rows)
        self.client.insert(
            f"{self.client.cluster.database}.hits", columns, values, is_repeatable=False
        )

    def _confirm(self, member: Member, span: Span, rows: int) -> Member:
        seq = member.seq + 1
        now = time.time_ns() // 1_000_000
        columns = ("member", "seq", "first_id", "last_id", "rows", "at")
        row = (member.name, seq, *span, rows, now)
        self.client.insert_rows("batches", columns, [row])

        def note(connection: sqlite3.Connection) -> Member:
            current = self._same(connection)
            membership.change(
                connection,
                seq=seq,
                confirmed_at=now,
                # What was inherited has smaller ids than anything of its own.
                shipped_id=max(current.shipped_id, span.last),
                pending_first=None,
                pending_last=None,
                pending_rows=None,
            )
            return self._same(connection)

        return self.database.transact(note)

    def _say(self, complete_until: int) -> None:
        """Tell the cluster how far we are, and what was counted besides."""
        with reading(self.config.database) as connection:
            member = self._same(connection)
            left = backlog(connection) or 0
            changes = self._counters.changes(connection)
        self._counters.send(self.client, member.name, changes)
        until = max(complete_until, self._said.complete_until)
        self._said = Progress(until, member.seq, left, time.time_ns() // 1_000_000)
        members.report(self.client, member.name, self._said)
        self._beat_at = time.monotonic() + BEAT
