"""Waiting in an event loop for what other threads do: asyncio's, or trio's."""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeVar

from ztas_middleware.asgi.jobs import Job
from ztas_middleware.asgi.turns import in_short_turns
from ztas_middleware.asgi.write_thread import WriteThread
from ztas_middleware.reception import TICK, Reception
from ztas_middleware.store.gathering import Gathering

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ztas_middleware.answer import Answer
    from ztas_middleware.asgi.jobs import Wake
    from ztas_middleware.intake.host import Host
    from ztas_middleware.reception import Configurable
    from ztas_middleware.web.routes import Handler

T = TypeVar("T")

LONGEST_AT_ONCE = 2048
"""Bytes of a body that the event loop's own thread may handle: a batch takes milliseconds."""

THREADS = 4
"""For questions, pages and chores: so many at once, others wait for their turn."""


class Desk:
    """A reception for those who must not wait in their own thread; see `Reception` for `config`."""

    def __init__(self, config: Configurable, host: Host) -> None:
        gathering = Gathering()
        self.reception = Reception(config, gathering=gathering, host=host)
        self.reception.defer = self.store_later
        # The first hit makes the database; chores at the same time would be in its way.
        self.reception.next_tick = time.monotonic() + TICK
        self._write_thread = WriteThread(
            gathering,
            self.reception.outages,
            hurry=self._hurry,
            committed=self._after_commit,
        )
        self._pool: ThreadPoolExecutor | None = None
        self._pid = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: Wake | None = None

    async def answer(self, handler: Handler, environ: Mapping[str, Any]) -> Answer | None:
        """What `handler` answers."""
        if getattr(handler, "stores", False):
            return await self._store(handler, environ)
        if not getattr(handler, "waits", True):
            return handler(environ)
        return await self.run(handler, environ)

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """What `work` returns, called in another thread."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            import trio

            found: T = await trio.to_thread.run_sync(in_short_turns, work, *arguments)
            return found
        return await loop.run_in_executor(self._threads(), in_short_turns, work, *arguments)

    def later(self, work: Callable[[], object]) -> None:
        """Have something done in another thread, soon; its failure is logged."""
        self._threads().submit(self._do, work)

    def store_later(self, work: Callable[[], object]) -> None:
        """Have the write thread do something that stores hits, soon."""

        def handler(_: Mapping[str, Any]) -> None:
            self._do(work)

        self._write_thread.give(Job(handler, {}))

    def close(self) -> None:
        """Finish what was begun and release the database; what comes later opens it again."""
        self._write_thread.finish()
        self.reception.close()

    async def _store(self, handler: Handler, environ: Mapping[str, Any]) -> Answer | None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return await self._store_in_trio(handler, environ)
        job = Job(handler, environ)
        if self._is_done_at_once(job):
            return _outcome(job)
        if self._wake is None or loop is not self._loop:
            self._loop, self._wake = loop, _wake_of(loop)
        job.wake, job.waiter = self._wake, loop.create_future()
        self._write_thread.give(job)
        await job.waiter
        return _outcome(job)

    def _is_done_at_once(self, job: Job) -> bool:
        """Do a job here and now if it need not wait; whether it is done.

        To and from another thread is as far as all else that a hit takes. A commit that finds
        everything open and nobody in its way takes 20 us, as long as no disk is waited for.
        """
        reception = self.reception
        if (
            reception.asks_app
            or not reception.database.is_at_hand
            or _length(job.environ) > LONGEST_AT_ONCE
        ):
            return False
        if not self._write_thread.do_at_once(job, reception.salts):
            return False
        self._after_commit()
        return True

    async def _store_in_trio(self, handler: Handler, environ: Mapping[str, Any]) -> Answer | None:
        import trio

        done = trio.Event()
        token = trio.lowlevel.current_trio_token()
        job = Job(handler, environ, lambda _: token.run_sync_soon(done.set))
        if not self._is_done_at_once(job):
            self._write_thread.give(job)
            await done.wait()
        return _outcome(job)

    def _hurry(self, until: float | None) -> None:
        self.reception.database.hurry = until

    def _after_commit(self) -> None:
        database = self.reception.database
        if database.checkpoint_due:
            database.checkpoint_due = False
            self.later(database.checkpoint)

    def _do(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - nobody waits for it
            self.reception.outages.report("something was left undone", error)

    def _threads(self) -> ThreadPoolExecutor:
        if self._pool is None or self._pid != os.getpid():
            # A parent's threads are not there in a child.
            self._pool = ThreadPoolExecutor(THREADS, "ztas")
            self._pid = os.getpid()
        return self._pool


def _wake_of(loop: asyncio.AbstractEventLoop) -> Wake:
    def wake(jobs: list[Job]) -> None:
        loop.call_soon_threadsafe(_settle, jobs)

    return wake


def _settle(jobs: list[Job]) -> None:
    """Let those go on who wait; in the loop's own thread."""
    for job in jobs:
        future: Any = job.waiter
        if not future.done():  # else its request was cancelled
            future.set_result(None)


def _length(environ: Mapping[str, Any]) -> int:
    """How many bytes came with a request."""
    body = environ["wsgi.input"]
    return body.getbuffer().nbytes if isinstance(body, BytesIO) else 0


def _outcome(job: Job) -> Answer | None:
    if job.error is not None:
        raise job.error
    return job.answer
