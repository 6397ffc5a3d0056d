"""Appends a hit every few milliseconds and notes how long each had to wait for its commit.

    python -m benchmarks.patient_writer DATABASE TIME

Says when it is ready, runs beside something else that writes until its standard input ends, and
then prints the waits in milliseconds, as JSON. TIME is what the hits say, UTC milliseconds.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

from benchmarks.made_up_history import SITE
from ztas_middleware.store.database import Database
from ztas_middleware.store.hits import Hit

PAUSE = 0.004
"""Seconds between two hits."""


def main() -> None:
    """Append until told to stop."""
    database = Database(Path(sys.argv[1]))
    row = dict.fromkeys(Hit._fields)
    hit = Hit(
        **{
            **row,
            "site_id": SITE,
            "type": "heartbeat",
            "path": "/",
            "visitor": "writer",
            "browser": "Other",
            "os": "Other",
            "device": "desktop",
            "time": int(sys.argv[2]),
        }
    )
    stopped = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        stopped.set()

    database.append([hit])
    print("ready", flush=True)
    threading.Thread(target=wait_for_the_end, daemon=True).start()
    waits = []
    while not stopped.wait(PAUSE):
        began = time.perf_counter()
        database.append([hit])
        waits.append((time.perf_counter() - began) * 1000)
        if database.checkpoint_due:
            database.checkpoint()
    database.close()
    print(json.dumps(waits))


if __name__ == "__main__":
    main()
