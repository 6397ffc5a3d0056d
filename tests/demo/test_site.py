"""The example site: it shows rows that anybody may have sent."""

from __future__ import annotations

import pytest
import webtest

from ztas_middleware.demo.site import DemoSite
from ztas_middleware.store.database import Database
from ztas_middleware.store.hits import Hit

HOSTILE = """"'><script>alert(1)</script>{0}{title}</table>"""


@pytest.fixture
def site(tmp_path):
    return webtest.TestApp(DemoSite(tmp_path / "ztas.db"))


def test_what_was_sent_is_shown_and_no_markup(site, tmp_path):
    database = Database(tmp_path / "ztas.db")
    names = ("path", "referrer", "action", "label", "browser", "country")
    needed = ("site_id", "type", "visitor", "os", "device")
    values = dict.fromkeys(needed, "x") | dict.fromkeys(names, HOSTILE) | {"time": 1}
    database.append([Hit(**dict.fromkeys(Hit._fields) | values)])
    database.close()
    page = site.get("/rows").html
    assert not page.select("script")
    assert [cell.text for cell in page.select("td")].count(HOSTILE) == len(names)


@pytest.mark.parametrize("path", ["/%ff", "/rows/..", "/%00", "/rows%0a"])
def test_a_path_that_is_none_is_not_found(site, path):
    assert site.get(path, status=404).html.h1.text == "Not found"
