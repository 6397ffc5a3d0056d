"""What a page of the dashboard says, and where its links lead."""

from __future__ import annotations

from urllib.parse import parse_qsl


def texts(answer, selector):
    return [said(tag) for tag in answer.html.select(selector)]


def said(tag):
    return " ".join(tag.get_text(" ").split())


def click(page, text, number=0):
    """Follow the link that says this."""
    links = [a for a in page.html.select("a[href]") if said(a) == text]
    href = links[number]["href"]
    # A lone "?" takes the query away (RFC 3986, 5.2.2), but not for urljoin().
    return page.goto(page.request.path if href == "?" else href)


def one_of_each_kind(links):
    """Some of these links, so that every path is there with every set of parameters."""
    kinds = {}
    for link in links:
        path, _, query = link.partition("#")[0].partition("?")
        names = sorted(name for name, _ in parse_qsl(query, keep_blank_values=True))
        kinds.setdefault((path, *names), link)
    return list(kinds.values())


def tiles(answer):
    names, numbers = texts(answer, ".tiles dt"), texts(answer, ".tiles .big")
    return dict(zip(names, numbers, strict=True))


def form_with(page, field):
    form = next(form for form in page.forms.values() if field in form.fields)
    # A browser replaces the query with what the form sends; webtest would add to it.
    form.action = page.request.path
    return form


def card(page, title):
    """The card with this in its heading."""
    return next(c for c in page.html.select("section.card") if c.h2 and title in said(c.h2))
