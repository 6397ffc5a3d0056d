"""Flask's "hello", wrapped; `ZTAS_BENCH_DATABASE` says where its hits go."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.apps import hello_flask
from benchmarks.workload import config
from ztas_middleware import ZTASMiddleware

application = ZTASMiddleware(
    hello_flask.application, config(Path(os.environ["ZTAS_BENCH_DATABASE"]))
)
