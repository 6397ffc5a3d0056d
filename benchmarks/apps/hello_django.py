"""A "hello" in Django, bare or, with `ZTAS_BENCH_DJANGO_REQUEST` set, with django-request."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from django import setup
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

if TYPE_CHECKING:
    from django.http import HttpRequest

_IS_TRACKED = "ZTAS_BENCH_DJANGO_REQUEST" in os.environ

settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["ZTAS_BENCH_DATABASE"],
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "request"],
    MIDDLEWARE=["request.middleware.RequestMiddleware"] if _IS_TRACKED else [],
    ROOT_URLCONF=__name__,
    SECRET_KEY="of no worth",
    USE_TZ=True,
)
setup()
call_command("migrate", verbosity=0)


def _hello(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("Hello, world", content_type="text/plain")


urlpatterns = [path("", _hello)]

application = get_wsgi_application()
