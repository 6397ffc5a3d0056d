"""From a path or a mapping to a `Config`, or to the first complaint with its place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ztas_middleware.config.contradictions import contradictions
from ztas_middleware.config.keys import read_config
from ztas_middleware.config.mapping import read_mapping
from ztas_middleware.config.model import Config
from ztas_middleware.config.nodes import Complaint, Node, Place, Refused, refuse
from ztas_middleware.config.values import wanted
from ztas_middleware.errors import ConfigError

if TYPE_CHECKING:
    from typing import Any

    from ztas_middleware.config.model import Revision

# Far beyond thousands of sites; whoever reaches it has named the wrong file.
_MAX_BYTES = 8 * 1024 * 1024


def load_config(path: str | os.PathLike[str]) -> Config:
    """Read a YAML file; relative paths in it start at its folder.

    Args:
        path: the file. Messages name it exactly as it is given here.

    Raises:
        ConfigError: the file cannot be read or used. Of several mistakes, the first in the file.
    """
    source = os.fsdecode(path)
    # Imported here: thirty milliseconds that a mapping does not need.
    from ztas_middleware.config.document import read_yaml

    try:
        text, revision = _read(source)
        return replace(_config(read_yaml(text), Path(source)), revision=revision)
    except Refused as refused:
        raise _first(refused, source) from None


def config_from_mapping(mapping: Mapping[str, Any]) -> Config:
    """Read a mapping of the same shape; relative paths in it start at the working directory.

    Raises:
        ConfigError: the mapping cannot be used; the message has no place.
    """
    try:
        return _config(read_mapping(mapping), None)
    except Refused as refused:
        raise _first(refused, None) from None


def coerce(config: str | os.PathLike[str] | Mapping[str, Any] | Config) -> Config:
    """The `Config` that the middleware's second argument stands for.

    Raises:
        ConfigError: it cannot be read or used, or is neither path, mapping nor `Config`.
    """
    if isinstance(config, Config):
        return config
    if isinstance(config, Mapping):
        return config_from_mapping(config)
    if isinstance(config, (str, os.PathLike)):
        return load_config(config)
    raise ConfigError(
        f"the configuration must be a path, a mapping or a Config, not {type(config).__name__}"
    )


def _config(document: Node, source: Path | None) -> Config:
    if document.kind == "null":
        top = Place(1, 1) if source else None
        raise Refused(Complaint("is empty; at least `sites` with one site is needed", top))
    if document.kind != "mapping":
        raise refuse(document, wanted("a mapping of keys", document))
    config = read_config(document)
    found = tuple(contradictions(document, config))
    if found:
        raise Refused(*found)
    folder = source.parent.absolute() if source else Path.cwd()
    database = folder / config.database
    history = folder / config.history if config.history else None
    problems = {}
    if os.path.isdir(database):  # noqa: PTH112 - Path.is_dir() raises for a name that is too long
        problems["database"] = f"is a directory, not a file: {database}"
    if history and os.path.isfile(history):  # noqa: PTH113 - as above
        problems["history"] = (
            f"is a file, not a folder: {history}; choose a name that is free, or leave it out"
        )
    for key, value in document.entries:
        if key.text in problems:
            refused = refuse(value, problems[key.text])
            raise Refused(*(complaint.below(key) for complaint in refused.complaints))
    cluster = config.cluster
    if cluster is not None and cluster.ca is not None:
        cluster = replace(cluster, ca=folder / cluster.ca)
    return replace(
        config,
        cluster=cluster,
        database=database,
        history=history,
        geo=folder / config.geo if config.geo else None,
        source=folder / source.name if source else None,
    )


def revision_of(status: os.stat_result) -> Revision:
    """What tells one state of a file from another."""
    return status.st_mtime_ns, status.st_size, status.st_ino


def _read(source: str) -> tuple[str, Revision]:
    try:
        with open(source, "rb") as file:  # noqa: PTH123 - Path() would respell what the user wrote
            # Looked at before it is read: whoever changes it from here on has made another one.
            revision = revision_of(os.fstat(file.fileno()))
            content = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        absolute = Path(source).absolute()
        looked = "" if str(absolute) == source else f" ({absolute})"
        raise Refused(Complaint(f"no such file{looked}")) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Refused(Complaint(f"cannot be read: {reason}")) from None
    if len(content) > _MAX_BYTES:
        raise Refused(Complaint(f"is larger than {_MAX_BYTES} bytes"))
    try:
        return content.decode("utf-8-sig"), revision
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig", "replace")
        place = Place(before.count("\n") + 1, len(before) - before.rfind("\n"))
        problem = f"is not UTF-8: byte 0x{content[error.start]:02x}"
        raise Refused(Complaint(problem, place)) from None


def _first(refused: Refused, source: str | None) -> ConfigError:
    """The complaint that comes first in the file; those about what is missing stand at its top."""
    top = Place(0, 0)
    first = min(refused.complaints, key=lambda complaint: complaint.place or top)
    place = first.place
    # A document that lacks a key has no spot for it.
    if place is None and source is not None and first.keys:
        place = Place(1, 1)
    return ConfigError(
        first.problem,
        source=source,
        line=place.line if place else None,
        column=place.column if place else None,
        key=".".join(first.keys),
    )
