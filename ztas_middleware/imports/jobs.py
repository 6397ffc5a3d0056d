"""From a path to what came of it: the sources that it has, and an import for each of them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.errors import ZtasError
from ztas_middleware.imports import formats, progress
from ztas_middleware.imports.archives import is_archive, open_archive
from ztas_middleware.imports.files import Source, open_source
from ztas_middleware.imports.following import PAUSE, FollowedSource
from ztas_middleware.imports.importer import Import, Result
from ztas_middleware.imports.progress import File, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from threading import Event

    from ztas_middleware.imports.destination import Destination
    from ztas_middleware.imports.formats import Reading
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
        destination: the site that they belong to.
        format: one of `formats.FORMATS`; None finds out.
        hosts: the only hosts whose requests count, of logs that name them.
        on_refused: told source, line number and reason of each line that is refused.
        on_commit: told source and offset that was reached, after each commit.
    """

    database: Database
    destination: Destination
    format: str | None
    hosts: tuple[str, ...]
    on_refused: Callable[[str, int, str], None]
    on_commit: Callable[[str, int], None]

    def run(self, path: str) -> Iterator[Imported]:
        """Import what is new in a file, or in the files of an archive.

        Raises:
            StorageError: the database can't take it.
            ZtasError: a file can't be read.
        """
        visitors: Mapping[str, int] = {}
        if path != "-" and is_archive(path):
            sources, visitors = open_archive(path)
        else:
            sources = iter([open_source(path)])
        for source in sources:
            with closing(source):
                yield self._import(source, visitors)

    def follow(self, path: str, stop: Event) -> Iterator[Imported]:
        """Import what is in a log and what comes, until `stop` is set; an outcome for each file.

        Raises:
            StorageError: the database can't take it.
            ZtasError: the file can't be read.
        """
        with closing(open_source(path)):
            pass  # refuses what is packed or no text
        while not stop.is_set():
            with closing(FollowedSource(path, stop)) as source:
                if source.wait_for_line():
                    yield self._import(source, {})
            stop.wait(PAUSE)

    def _import(self, source: Source, visitors: Mapping[str, int]) -> Imported:
        name = self.format or formats.detect(source)
        if name is None:
            return Imported(source.name, "empty", Place(), Result())
        place = progress.find(self.database, self.destination.site.id, source)
        if not _is_behind_a_line(source, place):
            raise ZtasError(
                f"{source.name}: begins like a file that has been imported, and goes on "
                "differently; nothing of it was imported"
            )
        reading = self._reading(name, source, visitors)
        one = Import(
            self.database,
            File(self.destination.site.id, source, name),
            reading,
            place,
            on_refused=lambda number, reason: self.on_refused(source.name, number, reason),
            on_commit=lambda offset: self.on_commit(source.name, offset),
        )
        if isinstance(source, FollowedSource):
            source.on_idle = lambda: self._rest(one)
        return Imported(source.name, name, place, one.run())

    def _reading(self, name: str, source: Source, visitors: Mapping[str, int]) -> Reading:
        return formats.open_reading(
            name, source, self.destination, hosts=self.hosts, visitors=visitors
        )

    def _rest(self, one: Import) -> None:
        one.commit()
        self.destination.forget()


def _is_behind_a_line(source: Source, place: Place) -> bool:
    """Whether the place can be one in this file; as far as its sample tells."""
    if not 0 < place.offset < len(source.sample):
        return True
    # A last line without a line end may have got one since.
    return b"\n" in source.sample[place.offset - 1 : place.offset + 2]
