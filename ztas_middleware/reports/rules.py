"""What counts as what on one site: everything in its configuration that numbers depend on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING

from ztas_middleware.acquisition.channels import mark as mark_of_sources
from ztas_middleware.reports.referrers import Referrers

if TYPE_CHECKING:
    from ztas_middleware.config.model import Site

VERSION = 1
"""Goes up with every change to what is counted; what was rolled up before is then done again."""


class Rules:
    """One site's rules, and marks by which it is known whether numbers were made by them."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.site_id = site.id
        self.zone = site.timezone
        self.goals = site.goals
        self.funnels = site.funnels
        self.referrers = Referrers(site.domains)

    @cached_property
    def mark(self) -> str:
        """Of everything but goals and funnels."""
        return _digest(
            [
                VERSION,
                str(self.zone),
                sorted(json.dumps(asdict(domain)) for domain in self.site.domains),
                mark_of_sources(),
            ]
        )

    @cached_property
    def goals_mark(self) -> str:
        """Of goals and funnels."""
        return _digest(
            [[asdict(goal) for goal in self.goals], [asdict(funnel) for funnel in self.funnels]]
        )


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]
