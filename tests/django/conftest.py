"""A Django project of a few lines, set up once for this folder."""

from __future__ import annotations

import django
import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings
from django_project import SETTINGS

from ztas_middleware import current, reception


def set_up():
    if not settings.configured:
        settings.configure(**SETTINGS)
        django.setup()
        call_command("migrate", verbosity=0)


set_up()


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Settings with a configuration of its own; call it to change some."""
    entered = []

    def change(*, config=None, **more):
        ztas = {"exclude_staff": True, **more.pop("ZTAS", {})}
        ztas["config"] = {
            "database": str(tmp_path / "ztas.db"),
            "script": "/js/ztas.js",
            "sites": {"site_abc123": {"domain": "testserver", **(config or {}).pop("site", {})}},
            **(config or {}),
        }
        override = override_settings(ZTAS=ztas, **more)
        override.enable()
        entered.append(override)
        return ztas

    # A middleware of Django's is never told that its end has come: here none goes unnoticed.
    receptions = set()
    for module in (current, reception):
        monkeypatch.setattr(module, "receptions", receptions)
    change()
    yield change
    for override in reversed(entered):
        override.disable()
    for one in receptions:
        one.close()
