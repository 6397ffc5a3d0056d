"""A FastAPI app that counts its page views.

Run it with `python examples/fastapi_app.py`, open http://127.0.0.1:8000, and look at what was
stored: `sqlite-utils rows ztas.db hits`.
"""

from __future__ import annotations

import os

import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from ztas_middleware.asgi import ZTASMiddleware

CONFIG = {
    "script": "/js/ztas.js",
    "sites": {"site_abc123": {"domain": ["localhost", "127.0.0.1"]}},
}

PAGE = """<!doctype html>
<title>FastAPI</title>
<script defer src="js/ztas.js" data-site="site_abc123"></script>
<h1>Hello from FastAPI</h1>
"""

app = FastAPI()
app.add_middleware(ZTASMiddleware, config=CONFIG)


@app.get("/", response_class=HTMLResponse)
def home() -> str:
    """The only page."""
    return PAGE


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")))
