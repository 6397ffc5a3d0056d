"""The plain application, wrapped; `ZTAS_BENCH_DATABASE` says where its hits go."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.apps import plain
from benchmarks.workload import config
from ztas_middleware import ZTASMiddleware

application = ZTASMiddleware(plain.application, config(Path(os.environ["ZTAS_BENCH_DATABASE"])))
