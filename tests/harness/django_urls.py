"""The views of the project that the tests of the Django app serve."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import include, path, re_path
from django_project import PAGE


def page(request, **_):
    return HttpResponse(PAGE)


async def async_page(request):
    return HttpResponse(PAGE)


def stream(request):
    return StreamingHttpResponse(PAGE[at : at + 9] for at in range(0, len(PAGE), 9))


async def async_stream(request):
    async def pieces():
        for at in range(0, len(PAGE), 9):
            yield PAGE[at : at + 9]

    return StreamingHttpResponse(pieces())


def templated(request):
    return render(request, "page.html")


def tracking(request):
    from ztas_middleware import track

    track("paid", value=3)
    return HttpResponse("ok")


async def async_tracking(request):
    from ztas_middleware import track

    track("paid", value=3)
    return HttpResponse("ok")


urlpatterns = [
    path("", page),
    path("articles/<int:number>/", page),
    re_path(r"^archive/(?P<year>[0-9]{4})/$", page),
    path("async/", async_page),
    path("stream/", stream),
    path("async-stream/", async_stream),
    path("templated/", templated),
    path("tracking/", tracking),
    path("async-tracking/", async_tracking),
    path("stats/", include("ztas_middleware.django.urls")),
    path("admin/", admin.site.urls),
]
