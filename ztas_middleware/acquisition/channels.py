"""By which channel a visit came, decided in the order of GA4's default channel group.

The rules are those of https://support.google.com/analytics/answer/9756891, with fewer channels:
paid shopping, video, display and cross-network are `Paid Other`; audio, SMS, push messages and what
GA4 leaves unassigned are `Campaign`; shops are referrals. Beyond GA4, as Plausible has it: a tag
like `fbads` is paid whatever the medium, and a webmail's page is `Email` without any tag.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from typing import TYPE_CHECKING

from ztas_middleware.acquisition import directory, sources
from ztas_middleware.acquisition.sources import DIRECT, is_paid_tag, owner_of

if TYPE_CHECKING:
    from ztas_middleware.acquisition.sources import Kind

PAID_SEARCH = "Paid Search"
PAID_SOCIAL = "Paid Social"
PAID_OTHER = "Paid Other"
EMAIL = "Email"
AFFILIATES = "Affiliates"
AI_ASSISTANTS = "AI Assistants"
ORGANIC_SEARCH = "Organic Search"
ORGANIC_SOCIAL = "Organic Social"
ORGANIC_VIDEO = "Organic Video"
REFERRAL = "Referral"
CAMPAIGN = "Campaign"

VERSION = 1
"""Goes up with every change of the rules; the tables are noticed by themselves."""

_PAID = re.compile(r".*cp.*|ppc|retargeting|paid.*", re.DOTALL)
_DISPLAY = frozenset({"display", "banner", "expandable", "interstitial", "cpm"})
_SOCIAL = frozenset(
    {"social", "social-network", "social-media", "sm", "social network", "social media"}
)
_EMAIL = frozenset({"email", "e-mail", "e_mail", "e mail"})
_AFFILIATES = frozenset({"affiliate", "affiliates"})
_REFERRAL = frozenset({"referral", "app", "link"})
_NONE = frozenset({"", "(none)", "(not set)"})
# Since May 2026, GA4 gives the medium to whatever comes from an assistant that it knows.
_ASSISTANT = "ai-assistant"


def channel_of(
    utm_source: str | None,
    utm_medium: str | None,
    utm_campaign: str | None,
    host: str | None,
) -> str:
    """The channel of a visit; letter case does not count.

    Args:
        utm_source: the column of that name.
        utm_medium: the same.
        utm_campaign: the same.
        host: what `hosts.host_of` says of the column `referrer`.
    """
    source, medium, campaign = (
        (tag or "").strip().lower() for tag in (utm_source, utm_medium, utm_campaign)
    )
    name, kind = owner_of(utm_source, host)
    channel = _paid(source, medium, campaign, kind) or _organic(source, medium, kind)
    if channel:
        return channel
    if name == DIRECT and medium in _NONE and not campaign:
        return DIRECT
    return CAMPAIGN if source or campaign or medium not in _NONE else REFERRAL


def _paid(source: str, medium: str, campaign: str, kind: Kind) -> str | None:
    if "cross-network" in campaign:
        return PAID_OTHER
    if _PAID.fullmatch(medium) or is_paid_tag(source):
        return {"search": PAID_SEARCH, "social": PAID_SOCIAL}.get(kind, PAID_OTHER)
    return PAID_OTHER if medium in _DISPLAY or kind == "paid" else None


def _organic(source: str, medium: str, kind: Kind) -> str | None:
    if kind == "social" or medium in _SOCIAL:
        return ORGANIC_SOCIAL
    if kind == "video" or "video" in medium:
        return ORGANIC_VIDEO
    if kind == "ai" or medium == _ASSISTANT:
        return AI_ASSISTANTS
    if kind == "search" or medium == "organic":
        return ORGANIC_SEARCH
    if medium in _REFERRAL:
        return REFERRAL
    if kind == "email" or medium in _EMAIL or source in _EMAIL:
        return EMAIL
    return AFFILIATES if medium in _AFFILIATES else None


@cache
def mark() -> str:
    """A digest of the tables and rules, by which it is seen that what was filed is out of date."""
    tables = [
        VERSION,
        [(kind, sorted(table.items()), alone) for kind, table, alone in sources.TABLES],
        sources.KINDS,
        sorted(directory.ALIASES.items()),
        [directory.COUNTRIES, directory.PEOPLES],
    ]
    return hashlib.sha256(json.dumps(tables).encode()).hexdigest()[:16]
