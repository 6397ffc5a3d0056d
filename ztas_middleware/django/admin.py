"""The link to the dashboard in the admin, where the project has given it a path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpResponseRedirect
from django.urls import NoReverseMatch, reverse

from ztas_middleware.django.models import Dashboard

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@admin.register(Dashboard)
class DashboardLink(admin.ModelAdmin):
    """Leads to the dashboard; there is nothing to be edited."""

    def changelist_view(self, request: HttpRequest, extra_context: object = None) -> HttpResponse:  # noqa: ARG002 - Django's signature
        """Go there."""
        return HttpResponseRedirect(reverse("ztas:dashboard"))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show it to whom it would let in."""
        return _is_there() and request.user.is_staff

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 - Django's signature
        """The same."""
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's signature
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 - Django's signature
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 - Django's signature
        """Nobody."""
        return False


def _is_there() -> bool:
    try:
        reverse("ztas:dashboard")
    except NoReverseMatch:
        return False
    return True
