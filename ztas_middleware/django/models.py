"""A model without a table, so that the admin has a line that leads to the dashboard."""

from __future__ import annotations

from django.db import models


class Dashboard(models.Model):  # noqa: DJ008 - there are no objects of it
    """The dashboard, as the admin lists it."""

    class Meta:  # noqa: D106 - Django's
        managed = False
        default_permissions = ()
        verbose_name = verbose_name_plural = "Dashboard"
