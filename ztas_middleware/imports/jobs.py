"""From a path to what came of it: the sources that it has, and an import for each of them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.errors import ZtasError
from ztas_middleware.imports import formats, places, progress
from ztas_middleware.imports.archives import Archive, open_archive
from ztas_middleware.imports.files import GZIP, open_file, source_of
from ztas_middleware.imports.following import PAUSE, FollowedSource
from ztas_middleware.imports.hosts import wanted
from ztas_middleware.imports.importer import Import
from ztas_middleware.imports.outcomes import Remarks
from ztas_middleware.imports.overlap import Gate
from ztas_middleware.imports.places import Place
from ztas_middleware.imports.progress import File
from ztas_middleware.imports.results import Result

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator
    from threading import Event

    from ztas_middleware.history.asking import History
    from ztas_middleware.imports.destination import Destination
    from ztas_middleware.imports.sources import Source
    from ztas_middleware.imports.terms import Terms
    from ztas_middleware.store.database import Database


class Imported(NamedTuple):
    """What came of one source."""

    name: str
    format: str
    before: Place
    """Where an earlier run had got to."""
    result: Result


@dataclass(frozen=True, slots=True)
class Job:
    """How files are imported.

    Attributes:
        database: where rows go.
        history: its finished days.
        destination: the site that they belong to.
        format: one of `formats.FORMATS`; None finds out.
        terms: which rows of a file are wanted.
        on_refused: told source, line number and reason of each line that is refused.
        on_commit: told source and offset that was reached, after each commit.
        pattern: of the lines of a log whose format was given as text.
    """

    database: Database
    history: History
    destination: Destination
    format: str | None
    terms: Terms
    on_refused: Callable[[str, int, str], None]
    on_commit: Callable[[str, int], None]
    pattern: re.Pattern[str] | None = None

    def run(self, path: str) -> Iterator[Imported]:
        """Import what is new in a file, or in the files of an archive.

        Raises:
            StorageError: the database can't take it.
            ZtasError: a file can't be read.
        """
        opened = open_file(path)
        if not opened.is_archive:
            with closing(source_of(opened)) as source:
                yield self._import(source)
            return
        with open_archive(opened) as archive:
            family: set[int] = set()  # files of one export share their days
            for source in archive.sources:
                with closing(source):
                    yield self._import(source, archive, family)

    def follow(self, path: str, stop: Event) -> Iterator[Imported]:
        """Import what is in a log and what comes, until `stop` is set; an outcome for each file.

        Raises:
            StorageError: the database can't take it.
            ZtasError: the file can't be read.
        """
        opened = open_file(path)
        if not opened.rewinds:
            opened.file.close()
            raise ZtasError(f"{opened.name}: is a pipe, which is read to its end without --follow")
        with closing(source_of(opened)):
            if opened.magic.startswith(GZIP):
                raise ZtasError(f"{opened.name}: is packed, and can't be followed")
        while not stop.is_set():
            with closing(FollowedSource(path, stop)) as source:
                if source.wait_for_line():
                    yield self._import(source)
            stop.wait(PAUSE)

    def _import(
        self,
        source: Source,
        archive: Archive | None = None,
        family: set[int] | None = None,
    ) -> Imported:
        tables = archive.tables if archive else None
        name = formats.JSON_ARCHIVE if tables else self.format
        name = None if source.is_empty else name or formats.detect(source)
        if name is None:
            return Imported(source.name, "empty" if source.is_empty else "blank", Place(), Result())
        site = self.destination.site
        terms = self.terms if formats.is_log(name) else self.terms._replace(hosts=())
        first = formats.first_entry(name, source, self.pattern)
        place, siblings = progress.find(self.database, site.id, source, terms)
        if place.id is None and not siblings and not any(terms) and first is not None:
            place = progress.cut_short(self.database, site.id, first)
        if not places.is_there(source, place):
            place = self._anew(source, name, place)
        if source.rewinds:
            siblings = [one for one in siblings if places.is_there(source, one.place)]
        remarks = Remarks()
        reading = formats.open_reading(
            name,
            source,
            self.destination,
            hosts=terms.hosts,
            visitors=archive.visitors if archive else {},
            tables=tables,
            remarks=remarks,
            pattern=self.pattern,
        )
        family = set() if family is None else family
        family.update(one.id for one in (place, *(one.place for one in siblings)) if one.id)
        self.destination.gate = Gate(
            self.database.path,
            site.id,
            terms,
            reading.format,
            family=family,
            refused=place.refused_days,
        )
        one = Import(
            self.database,
            self.history,
            File(site.id, source, reading.format, terms, first),
            reading,
            place,
            siblings=siblings,
            was_wanted=lambda of: of.hosts == terms.hosts or wanted(of.hosts, site)(remarks.host),
            date_of=self.destination.date_of,
            on_refused=lambda number, reason: self.on_refused(source.name, number, reason),
            on_overlap=lambda number, day: self._tell(source, number, day),
            on_commit=lambda offset: self.on_commit(source.name, offset),
        )
        one.result.remarks = remarks
        if isinstance(source, FollowedSource):
            source.on_idle = lambda: self._rest(one)
        result = one.run()
        family.add(one.place.id or 0)
        # A table's header is no line of its own.
        header = 1 if reading.columns is not None and place.lines else 0
        was_taken = any(sibling.terms.overlap for sibling in siblings)
        before = replace(
            place,
            lines=place.lines - header,
            refused_days=frozenset() if was_taken else place.refused_days,
        )
        return Imported(source.name, name, before, result)

    def _anew(self, source: Source, name: str, place: Place) -> Place:
        """The beginning of a file that is no longer what was read of it.

        Raises:
            ZtasError: rows that are there already would come in again.
        """
        is_comparable = not formats.is_log(name) or self.terms.overlap
        if source.rewinds and is_comparable:
            return Place(replaces=place.id)
        raise ZtasError(
            f"{source.name}: begins like a file that has been imported, and goes on differently: "
            "it was cut or rewritten. Nothing of it was imported; --from DATE takes its days from "
            "a date on, --overlap all of it, from its beginning"
        )

    def _tell(self, source: Source, number: int, day: str) -> None:
        """Say that a day is refused, where there is no end at which it would be said."""
        if isinstance(source, FollowedSource):
            reason = f"{day} has rows of another origin, so that none of it comes in"
            self.on_refused(source.name, number, reason)

    def _rest(self, one: Import) -> None:
        one.commit()
        self.destination.forget()
