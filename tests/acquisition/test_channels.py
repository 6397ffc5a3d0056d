"""By which channel a visit came."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.acquisition import directory
from ztas_middleware.acquisition.channels import channel_of, mark

CHANNELS = {
    "Paid Search",
    "Paid Social",
    "Paid Other",
    "Email",
    "Affiliates",
    "AI Assistants",
    "Organic Search",
    "Organic Social",
    "Organic Video",
    "Referral",
    "Campaign",
    "Direct",
}

# utm_source, utm_medium, utm_campaign, host
CASES = [
    ((None, None, None, None), "Direct"),
    (("(direct)", "(none)", None, None), "Direct"),
    ((None, "(not set)", None, None), "Direct"),
    ((None, None, None, "example.org"), "Referral"),
    ((None, None, None, "google.com"), "Organic Search"),
    ((None, None, None, "news.google.com"), "Organic Search"),
    ((None, None, None, "docs.google.com"), "Referral"),
    ((None, None, None, "answers.yahoo.com"), "Organic Social"),
    ((None, None, None, "mail.google.com"), "Email"),
    ((None, None, None, "gemini.google.com"), "AI Assistants"),
    ((None, None, None, "chatgpt.com"), "AI Assistants"),
    ((None, None, None, "np.reddit.com"), "Organic Social"),
    ((None, None, None, "wattpad.com"), "Organic Social"),
    ((None, None, None, "someone.wordpress.com"), "Referral"),
    ((None, None, None, "studio.youtube.com"), "Organic Video"),
    ((None, None, None, "hulu.com"), "Organic Video"),
    ((None, None, None, "amazon.de"), "Referral"),
    ((None, None, None, "com.pinterest"), "Organic Social"),
    ((None, None, None, "googleads.g.doubleclick.net"), "Paid Other"),
    (("chatgpt.com", None, None, "chatgpt.com"), "AI Assistants"),
    (("x", "ai-assistant", None, None), "Organic Social"),
    (("helper", "ai-assistant", None, None), "AI Assistants"),
    (("google", "cpc", None, None), "Paid Search"),
    (("Google", "PPC", "sale", None), "Paid Search"),
    ((None, "cpc", None, "google.com"), "Paid Search"),
    (("google", "organic", None, None), "Organic Search"),
    (("somewhere", "organic", None, None), "Organic Search"),
    (("google", None, None, None), "Organic Search"),
    (("fb", "paid-social", None, None), "Paid Social"),
    (("facebook.com", "retargeting", None, None), "Paid Social"),
    (("wattpad", "cpm", None, None), "Paid Social"),
    (("fbads", None, None, None), "Paid Social"),
    (("google_ads", "whatever", None, None), "Paid Search"),
    (("spring-ads", "whatever", None, None), "Campaign"),
    (("youtube", "cpv cpc", None, None), "Paid Other"),
    (("podcast", "paid", None, None), "Paid Other"),
    (("network", "display", None, None), "Paid Other"),
    (("network", "banner", None, None), "Paid Other"),
    (("google", "x", "cross-network", None), "Paid Other"),
    (("facebook", None, None, None), "Organic Social"),
    (("board", "social-media", None, None), "Organic Social"),
    (("board", "sm", None, None), "Organic Social"),
    (("screen", "in-video", None, None), "Organic Video"),
    (("newsletter", "email", None, None), "Email"),
    (("newsletter", "E-Mail", None, None), "Email"),
    (("email", None, None, None), "Email"),
    (("newsletter", "email", None, "example.org"), "Email"),
    (("partner", "affiliate", None, None), "Affiliates"),
    (("partner", "referral", None, None), "Referral"),
    (("partner", "link", None, None), "Referral"),
    (("social", None, None, None), "Organic Social"),
    (("badoo", None, None, None), "Organic Social"),
    (("dogpile", None, None, None), "Organic Search"),
    (("orange", None, None, None), "Campaign"),
    (("free", "banner", None, None), "Paid Other"),
    ((None, None, None, "lemoteur.orange.fr"), "Organic Search"),
    (("poisk.ru", None, None, None), "Organic Search"),
    (("google-play", None, None, None), "Organic Search"),
    (("newsletter", None, None, None), "Campaign"),
    (("newsletter", None, None, "google.com"), "Campaign"),
    ((None, None, "spring", None), "Campaign"),
    ((None, None, "spring", "example.org"), "Campaign"),
    ((None, None, "spring", "google.com"), "Organic Search"),
    (("phone", "sms", None, None), "Campaign"),
    (("app", "push", None, None), "Campaign"),
    (("(direct)", "qr", None, None), "Campaign"),
]


@pytest.mark.parametrize(
    ("visit", "channel"), CASES, ids=[" ".join(str(one) for one in visit) for visit, _ in CASES]
)
def test_the_channel(visit, channel):
    assert channel_of(*visit) == channel


TAG = st.none() | st.sampled_from(["google", "fb", "cpc", "email", "(none)"]) | st.text(max_size=8)


@given(TAG, TAG, TAG, TAG)
def test_every_visit_has_a_channel(source, medium, campaign, host):
    assert channel_of(source, medium, campaign, host) in CHANNELS


def test_the_mark_follows_the_tables(monkeypatch):
    before = mark()
    assert before == mark()
    monkeypatch.setitem(directory.ALIASES, "tables", "Google")
    assert mark.__wrapped__() != before
