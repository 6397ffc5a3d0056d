"""Run by `make wheel` in an environment that holds nothing but the wheel and what it requires.

From a folder outside the source tree: wraps an app, tracks a hit, and reads the row.
"""

import io
import json
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from wsgiref.util import setup_testing_defaults

import ztas_middleware
from ztas_middleware import ZTASMiddleware


def request(
    application: ZTASMiddleware, method: str, path: str, body: bytes = b""
) -> tuple[str, bytes]:
    environ: dict = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_ORIGIN": "https://www.example.com",
        "REMOTE_ADDR": "203.0.113.7",
        "wsgi.input": io.BytesIO(body),
    }
    setup_testing_defaults(environ)
    statuses: list[str] = []
    chunks = application(environ, lambda status, _headers: statuses.append(status))
    return statuses[0], b"".join(chunks)


def main() -> None:
    assert "site-packages" in ztas_middleware.__file__, ztas_middleware.__file__
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "ztas.yaml")
        config.write_text("script: /js/ztas.js\nsites:\n  site_abc123:\n    domain: example.com\n")
        application = ZTASMiddleware(lambda _environ, _start_response: [], str(config))
        hit = {"siteId": "site_abc123", "type": "pageview", "path": "/wheel"}
        answer = request(application, "POST", "/api/track", json.dumps(hit).encode())
        assert answer == ("200 OK", b'{"success": true}'), answer
        status, script = request(application, "GET", "/js/ztas.js")
        assert (status, b"../api/track" in script) == ("200 OK", True), (status, script)
        application.close()
        connection = sqlite3.connect(Path(folder, "ztas.db"))
        rows = connection.execute("select path, site_id from hits").fetchall()
        connection.close()
        assert rows == [("/wheel", "site_abc123")], rows
        ztas = Path(sys.executable).with_name("ztas")
        for arguments in (["--version"], ["check", "--config", str(config)]):
            subprocess.run([ztas, *arguments], check=True)
    print(f"ztas-middleware {ztas_middleware.__version__}: the wheel works alone")


main()
