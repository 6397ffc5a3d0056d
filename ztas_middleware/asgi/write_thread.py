"""The thread through which an event loop's hits go, so that the loop never waits for the disk.

It takes all that wait, one after the other, and commits them together: under load a hit's share of
the commit, and of the way from thread to thread, becomes small. It is started when there is
something to do, and anew in a child after `fork()`.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import weakref
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from ztas_middleware.intake.endpoint import UNAVAILABLE, answer_of
from ztas_middleware.store.salts import NotAtHandError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ztas_middleware.answer import Answer
    from ztas_middleware.asgi.jobs import Job, Wake
    from ztas_middleware.outages import OutageLog
    from ztas_middleware.store.gathering import Gathering
    from ztas_middleware.store.salts import Salts

MOST_TOGETHER = 128
"""Hits in one commit: so many take some 5 ms."""

PATIENCE = 6.0
"""Seconds that the end of the process waits for what was left here: a hit may take five."""


class WriteThread:
    """Takes jobs from any thread and does them in its own."""

    def __init__(
        self,
        gathering: Gathering,
        outages: OutageLog,
        *,
        hurry: Callable[[float | None], None],
        committed: Callable[[], None],
    ) -> None:
        """Prepare, and start nothing.

        Args:
            gathering: where handlers leave their rows.
            outages: told of hits that could not be stored.
            hurry: called before each job and each commit with the time, by `time.monotonic`, until
                which whoever has waited longest may be kept waiting; with None after it.
            committed: called in the write thread after each commit.
        """
        self._gathering = gathering
        self._outages = outages
        self._hurry = hurry
        self._committed = committed
        self._begin_anew()
        _all.add(self)

    def _begin_anew(self) -> None:
        # Of a parent's thread nothing is left in a child but locks that nobody will release.
        self._starting = threading.Lock()
        self._working = threading.Lock()
        self._leave_queue()
        # What a parent's was just at is the parent's to store.
        self._gathering.give_up()
        self._pid = os.getpid()

    def _leave_queue(self) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def give(self, job: Job) -> None:
        """Leave a job here; does not wait."""
        if self._thread is None or self._pid != os.getpid():
            self._start()
        self._jobs.put(job)

    def do_at_once(self, job: Job, salts: Salts) -> bool:
        """Do a job in the caller's thread if nothing has to be waited for; whether it is done.

        If it is not, it has to be given, and what is left of it is done. `salts` are those that
        handlers ask.
        """
        if self._pid != os.getpid() or not self._working.acquire(blocking=False):
            return False
        salts.may_wait = False
        try:
            return self._jobs.empty() and self._try(job)
        finally:
            salts.may_wait = True
            self._working.release()

    def _try(self, job: Job) -> bool:
        try:
            job.answer = job.handler(job.environ)
        except NotAtHandError:
            # It begins anew, once a day for each site.
            self._gathering.give_up()
            job.environ["wsgi.input"].seek(0)
            return False
        except Exception as error:  # noqa: BLE001 - raised where the job came from
            job.error = error
        if self._gathering.commit_at_once():
            return True
        rows = self._gathering.take()

        def again(_: Mapping[str, Any]) -> Answer | None:
            self._gathering.put_back(rows)
            return job.answer

        job.handler = again
        return False

    def finish(self, patience: float = PATIENCE) -> None:
        """Wait until all that was left here is done; a later job starts anew."""
        if self._pid != os.getpid():
            return
        with self._starting:
            thread, jobs = self._thread, self._jobs
            self._leave_queue()
        if thread is not None:
            jobs.put(None)
            thread.join(patience)

    def _start(self) -> None:
        if self._pid != os.getpid():
            with _fork_guard:
                if self._pid != os.getpid():
                    self._begin_anew()
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, args=(self._jobs,), name="ztas-writer", daemon=True
                )
                self._thread.start()

    def _work(self, queue: SimpleQueue[Job | None]) -> None:
        while True:
            jobs, is_last = _take(queue)
            # Another thread may still be at what was left before the last `finish`.
            with self._working:
                self._do(jobs, queue)
            if is_last:
                return

    def _do(self, jobs: list[Job], queue: SimpleQueue[Job | None]) -> None:
        """Do jobs, commit what they stored, and tell those who wait."""
        storing = self._handle(jobs)
        try:
            if storing:
                self._hurry(storing[0].until)
            self._gathering.commit()
        except Exception as failure:  # noqa: BLE001 - whatever it is, somebody waits for an answer
            self._outages.report("hits are not stored", failure)
            # Whoever came in the meantime has waited, too.
            late, is_last = _take(queue, wait=False)
            storing += self._handle(late)
            self._gathering.give_up()
            jobs += late
            for job in storing:
                job.answer = job.answer and _unavailable(job.answer)
            if is_last:
                queue.put(None)
        self._hurry(None)
        _wake(jobs)
        self._committed()

    def _handle(self, jobs: list[Job]) -> list[Job]:
        """Let the handlers do their work; return the jobs that left rows behind."""
        storing = []
        for job in jobs:
            before = self._gathering.size
            self._hurry(job.until)
            try:
                job.answer = job.handler(job.environ)
            except Exception as error:  # noqa: BLE001 - raised where the job came from
                job.error = error
            if self._gathering.size > before:
                storing.append(job)
        return storing


def _take(queue: SimpleQueue[Job | None], *, wait: bool = True) -> tuple[list[Job], bool]:
    """The jobs that wait, and whether they are the last ones."""
    jobs: list[Job] = []
    if not wait and queue.empty():
        return jobs, False
    while True:
        job = queue.get()
        if job is None:
            return jobs, True
        jobs.append(job)
        if len(jobs) >= MOST_TOGETHER or queue.empty():
            return jobs, False


def _unavailable(answer: Answer) -> Answer:
    """What is said instead of `answer`, to the same origin, where nothing could be stored."""
    return answer_of(
        UNAVAILABLE,
        [
            header
            for header in answer.headers
            if header[0] == "Vary" or header[0].startswith("Access-Control-")
        ],
    )


def _wake(jobs: list[Job]) -> None:
    """Tell those who wait, each loop once."""
    waiting: dict[Wake, list[Job]] = {}
    for job in jobs:
        if job.wake is not None:
            waiting.setdefault(job.wake, []).append(job)
    for wake, done in waiting.items():
        # A loop that is closed has nobody left who waits.
        with contextlib.suppress(RuntimeError):
            wake(done)


# The first requests of a forked process may come together.
_fork_guard = threading.Lock()

# An orderly stop loses nothing that was left to a thread that dies with the process.
_all: weakref.WeakSet[WriteThread] = weakref.WeakSet()


@atexit.register
def _finish_all() -> None:
    for one in list(_all):
        one.finish()
