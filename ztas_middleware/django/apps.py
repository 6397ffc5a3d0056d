"""What Django has to know of the app."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks


class ZTASConfig(AppConfig):
    """Private, honest web analytics."""

    name = "ztas_middleware.django"
    label = "ztas"
    verbose_name = "Web analytics"
    default_auto_field = "django.db.models.AutoField"

    def ready(self) -> None:
        """Register the system checks."""
        from ztas_middleware.django.checks import check_settings

        checks.register(check_settings)
