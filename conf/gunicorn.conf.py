"""Gunicorn with the middleware: `gunicorn --config conf/gunicorn.conf.py`.

As it stands it serves examples/wsgi_app.py; put your own app into the first two settings.
"""

from pathlib import Path

chdir = str(Path(__file__).parents[1] / "examples")
wsgi_app = "wsgi_app:application"

# Where nginx.conf and Caddyfile look for a wrapped app.
bind = "127.0.0.1:8001"
workers = 2
worker_class = "gthread"
threads = 4

# The config is read once and its mistakes stop the start. Each worker opens the database for
# itself, after it was forked.
preload_app = True
