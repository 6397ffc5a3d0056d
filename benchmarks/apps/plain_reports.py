"""The plain application with the API of a made-up history, `ZTAS_BENCH_DATABASE`."""

from __future__ import annotations

import os

from benchmarks.apps import plain
from benchmarks.asking import settings
from ztas_middleware import ZTASMiddleware

application = ZTASMiddleware(
    plain.application,
    {
        **settings(os.environ["ZTAS_BENCH_DATABASE"], is_public=True),
        "api": {"path": "/api"},
    },
)
