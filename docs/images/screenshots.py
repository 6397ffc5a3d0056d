"""The pictures of the dashboard in the README, from the demo's made-up year: `make screenshots`.

Time stands still on an evening on which something is going on, so that the same code makes the
same pictures.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from datetime import datetime, timezone
from pathlib import Path

from playwright.sync_api import sync_playwright
from waitress.server import create_server

from ztas_middleware.cli.demo import SITE_ID, demo_settings
from ztas_middleware.config import coerce
from ztas_middleware.demo.history import write_history
from ztas_middleware.reports.reader import Reports
from ztas_middleware.web.dashboard.app import Dashboard

MOMENT = datetime(2026, 11, 18, 20, 41, tzinfo=timezone.utc)
SIZE = {"width": 1200, "height": 1080}
FOLDER = Path(__file__).parent


def main() -> None:
    """Make the two pictures."""
    now = int(MOMENT.timestamp() * 1000)
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder, "ztas.db")
        for _ in write_history(database, SITE_ID, now, scale=3):
            pass
        config = coerce(demo_settings(database, "localhost", MOMENT.date()))
        dashboard = Dashboard(config, "", Reports(config), None, lambda: now * 1_000_000)

        def application(environ, start_response):
            answer = dashboard(environ)
            start_response(answer.status, answer.headers)
            return answer.body

        server = create_server(application, host="127.0.0.1", port=0)
        threading.Thread(target=server.run, daemon=True).start()
        take(f"http://127.0.0.1:{server.effective_port}/{SITE_ID}?period=30d")
        server.close()


def take(address: str) -> None:
    """Take a picture of a page by day and by night."""
    browsers = ("chromium", "chromium-browser", "google-chrome")
    executable = next(filter(None, map(shutil.which, browsers)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport=SIZE, color_scheme=scheme, reduced_motion="reduce")
            page.goto(address, timeout=120_000)  # the first one rolls the year up
            page.screenshot(path=FOLDER / f"dashboard-{scheme}.png")
        browser.close()


if __name__ == "__main__":
    main()
