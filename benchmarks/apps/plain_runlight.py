"""The plain application with runlight around it; `ZTAS_BENCH_DATABASE` says where its hits go."""

from __future__ import annotations

import os

from runlight import Runlight, Stores
from runlight.wsgi import RunlightMiddleware

from benchmarks.apps import plain
from benchmarks.workload import SITES

# As in our configuration: every default but the limit, since a load comes from few addresses.
application = RunlightMiddleware(
    plain.application,
    Runlight(
        store=Stores.sqlite(os.environ["ZTAS_BENCH_DATABASE"]),
        sites=[
            {"id": site_id, "name": domain, "hostnames": [domain]}
            for site_id, domain in SITES.items()
        ],
        rate_limit=False,
    ),
)
