"""What people try to import that has no page views in it, and which export of that program has."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

PLAUSIBLE = (
    "is Plausible's dashboard as CSV, whose pages have no dates; take Site settings > Imports & "
    "Exports > Export to CSV instead"
)
UMAMI = (
    "is Umami's dashboard as CSV, whose pages have no dates; take its rows instead: of the cloud "
    "by Settings > Data > Export, of your own by the statement in docs/migrating.md"
)
ANALYTICS = (
    "is a report of Google Analytics, which has totals and no page views; Google has them in the "
    "export to BigQuery alone: bring that into the columns time, type, path and visitor of our own "
    "CSV, or import the web server's logs"
)
MATOMO_REPORT = (
    "is a report of Matomo, which has totals and no page views; take its rows by the statement in "
    "docs/migrating.md"
)
MATOMO_API = "is an answer of Matomo's API; take its rows by the statement in docs/migrating.md"

_MATOMO_COLUMNS = ("nb_visits", "nb_uniq_visitors", "Unique visitors", "Unique Pageviews")


def of_archive(names: Collection[str]) -> str | None:
    """What is wrong with an archive of these files, if it is one of those."""
    files = {name.rpartition("/")[2] for name in names}
    if {"pages.csv", "entry_pages.csv"} <= files or {"pages.csv", "sources.csv"} <= files:
        return PLAUSIBLE
    if {"pages.csv", "referrers.csv", "os.csv"} <= files:
        return UMAMI
    return None


def of_text(sample: bytes) -> str | None:
    """What is wrong with a file that begins like this, if it is one of those."""
    start = sample[:2000].decode("utf-8", "replace").lstrip("\ufeff")
    first = start.partition("\n")[0]
    if start.startswith("# ---") or "\n# ---" in start[:300]:
        return ANALYTICS
    if start.startswith("[") and '"idSite"' in start:
        return MATOMO_API
    if "," in first and any(column in first for column in _MATOMO_COLUMNS):
        return MATOMO_REPORT
    return None
