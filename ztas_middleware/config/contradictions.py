"""Keys that are right each by itself, and wrong together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.config.nodes import Complaint, Node, quoted
from ztas_middleware.parameters import ParameterError
from ztas_middleware.web.dashboard.paths import places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ztas_middleware.config.model import Config, Site

# Paths that are ours as a whole; those behind the first have no default, so that one of two
# that are equal always stands in the file.
PATHS = ("endpoint", "script", "pixel")


def contradictions(document: Node, config: Config) -> Iterator[Complaint]:
    """What does not go together in a configuration whose every value is valid."""
    owners: dict[str, str] = {}
    for key in PATHS:
        path: str | None = getattr(config, key)
        if path in owners:
            yield _about(document, (key,), f"{quoted(path)} is the path of `{owners[path]}`")
        elif path is not None:
            owners[path] = key
    dashboard = config.dashboard
    if dashboard.path is not None:
        taken = owners.keys() & places(config.sites, dashboard.path).keys()
        for path in sorted(taken):
            problem = f"{quoted(path)} is the path of `{owners[path]}`"
            yield _about(document, ("dashboard", "path"), problem)
        private = [site.id for site in config.sites.values() if not site.public]
        if private and dashboard.password is None:
            problem = (
                f"needs `password` (`ztas password` prints one), since {quoted(private[0])} "
                "is not `public`"
            )
            yield _about(document, ("dashboard",), problem)
    if config.history == config.database:
        problem = "is the path of `database`; it is a folder, with a name of its own"
        yield _about(document, ("history",), problem)
    for site in config.sites.values():
        if site.inject and config.script is None:
            problem = "there is no script to inject; say with `script` where to serve it"
            yield _about(document, ("sites", site.id, "inject"), problem)
        yield from _notices(document, config, site)
        yield from _segments(document, site)


def _notices(document: Node, config: Config, site: Site) -> Iterator[Complaint]:
    if site.notify.mail and config.mail is None:
        problem = "there is no server for mails; say with `mail` which one takes them"
        yield _about(document, ("sites", site.id, "notify", "mail"), problem)
    if site.alerts and not site.notify.mail and site.notify.webhook is None:
        problem = "there is nobody to tell; say with `notify` who"
        yield _about(document, ("sites", site.id, "alerts"), problem)


def _segments(document: Node, site: Site) -> Iterator[Complaint]:
    goals = [goal.name for goal in site.goals]
    for name, filters in site.segments.items():
        try:
            filters.check(goals, ())
        except ParameterError as error:  # noqa: PERF203 - each complaint is wanted
            yield _about(document, ("sites", site.id, "segments", name), str(error))


def _about(document: Node, keys: tuple[str, ...], problem: str) -> Complaint:
    """A complaint about the value that `keys` lead to."""
    node: Node | None = document
    for key in keys:
        entries = node.entries if node else ()
        node = next((entry.value for entry in entries if entry.key.text == key), None)
    return Complaint(problem, node.place if node else None, keys)
