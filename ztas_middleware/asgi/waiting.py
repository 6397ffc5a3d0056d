"""Waiting in an event loop for what other threads do: asyncio's, or trio's."""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from ztas_middleware.asgi.turns import in_short_turns
from ztas_middleware.clerk import Clerk, Job
from ztas_middleware.reception import TICK, Reception
from ztas_middleware.store.gathering import Gathering

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ztas_middleware.answer import Answer
    from ztas_middleware.clerk import Wake
    from ztas_middleware.intake.host import Host
    from ztas_middleware.reception import Configurable
    from ztas_middleware.web.routes import Handler

T = TypeVar("T")

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
        self._clerk = Clerk(
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
        """Have the clerk do something that stores hits, soon."""

        def handler(_: Mapping[str, Any]) -> None:
            self._do(work)

        self._clerk.give(Job(handler, {}))

    def close(self) -> None:
        """Finish what was begun and release the database; what comes later opens it again."""
        self._clerk.finish()
        self.reception.close()

    async def _store(self, handler: Handler, environ: Mapping[str, Any]) -> Answer | None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return await self._store_in_trio(handler, environ)
        if self._wake is None or loop is not self._loop:
            self._loop, self._wake = loop, _wake_of(loop)
        future = loop.create_future()
        job = Job(handler, environ, self._wake, future)
        self._clerk.give(job)
        await future
        return _outcome(job)

    async def _store_in_trio(self, handler: Handler, environ: Mapping[str, Any]) -> Answer | None:
        import trio

        done = trio.Event()
        token = trio.lowlevel.current_trio_token()
        job = Job(handler, environ, lambda _: token.run_sync_soon(done.set))
        self._clerk.give(job)
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


def _outcome(job: Job) -> Answer | None:
    if job.error is not None:
        raise job.error
    return job.answer
