"""A Django project in one file that counts its page views.

Run it with `python examples/django_app.py`, open http://127.0.0.1:8000, and look at what was
stored: `sqlite-utils rows ztas.db hits`. In a project of your own, the last lines of
`wsgi.py` are the place to wrap the application.
"""

from __future__ import annotations

import os

from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

from ztas_middleware import ZTASMiddleware

CONFIG = {
    "script": "/js/ztas.js",
    "sites": {"site_abc123": {"domain": ["localhost", "127.0.0.1"]}},
}

PAGE = """<!doctype html>
<title>Django</title>
<script defer src="js/ztas.js" data-site="site_abc123"></script>
<h1>Hello from Django</h1>
"""

settings.configure(
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="nothing is signed here",  # noqa: S106 - indeed
    WSGI_APPLICATION=f"{__name__}.application",
)


def home(request: HttpRequest) -> HttpResponse:
    """The only page."""
    return HttpResponse(PAGE)


urlpatterns = [path("", home)]

application = ZTASMiddleware(get_wsgi_application(), CONFIG)

if __name__ == "__main__":
    port = os.environ.get("PORT", "8000")
    execute_from_command_line(["django_app.py", "runserver", "--noreload", f"127.0.0.1:{port}"])
