"""The parts that the front door puts together, within reach and with a clock of our choice."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import workload
from ztas_middleware.config import coerce
from ztas_middleware.intake.agent_reads import AgentReads
from ztas_middleware.intake.drops import Drops
from ztas_middleware.intake.endpoint import Endpoint
from ztas_middleware.intake.recorder import Recorder
from ztas_middleware.outages import OutageLog
from ztas_middleware.store.database import Database
from ztas_middleware.store.notices import Notices
from ztas_middleware.store.salts import Salts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ztas_middleware.config import Config


@dataclass(frozen=True, slots=True)
class Pipeline:
    """From a request to a row."""

    config: Config
    database: Database
    salts: Salts
    recorder: Recorder
    endpoint: Endpoint


def build(path: Path, clock: Callable[[], int] = time.time_ns) -> Pipeline:
    """Build it over the database at `path`; `clock` gives nanoseconds since 1970."""
    config = coerce(workload.config(path))
    database = Database(config.database, config.durability)
    salts, drops = Salts(database), Drops(database)
    reads = AgentReads(database)
    recorder = Recorder(config, database, salts, drops, Notices(database), reads=reads, clock=clock)
    return Pipeline(config, database, salts, recorder, Endpoint(config, recorder, OutageLog()))
