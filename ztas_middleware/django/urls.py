"""`path("ztas/", include("ztas_middleware.django.urls"))`: the dashboard, for the staff."""

from __future__ import annotations

from django.urls import path

from ztas_middleware.django.views import dashboard

app_name = "ztas"
urlpatterns = [
    path("", dashboard, name="dashboard"),
    path("<path:place>", dashboard, name="place"),
]
