"""A Django project in one file that counts its page views.

Run it with `python examples/django_app.py`, open http://127.0.0.1:8000, and look at what was
stored: `sqlite-utils rows ztas.db hits`. In a project of your own, `ZTAS` and the two lines of
`INSTALLED_APPS` and `MIDDLEWARE` go into settings.py, and the tags into the base template.
"""

from __future__ import annotations

import os

from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

PAGE = """{% load ztas %}<!doctype html>
<title>Django</title>
{% ztas_script %}
<h1>Hello from Django</h1>
"""

settings.configure(
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    INSTALLED_APPS=["ztas_middleware.django"],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "ztas_middleware.django.middleware.ZTASMiddleware",
    ],
    ROOT_URLCONF=__name__,
    SECRET_KEY="nothing is signed here",  # noqa: S106 - indeed
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    WSGI_APPLICATION=f"{__name__}.application",
    ZTAS={
        "config": {
            "script": "/js/ztas.js",
            "sites": {"site_abc123": {"domain": ["localhost", "127.0.0.1"]}},
        }
    },
)


def home(request: HttpRequest) -> HttpResponse:
    """The only page."""
    return HttpResponse(engines["django"].from_string(PAGE).render({}, request))


urlpatterns = [path("", home)]

application = get_wsgi_application()

if __name__ == "__main__":
    port = os.environ.get("PORT", "8000")
    execute_from_command_line(["django_app.py", "runserver", "--noreload", f"127.0.0.1:{port}"])
