"""Adding a site to a YAML file, or taking one out, without touching anything else in it.

The text is not parsed and written anew, which would lose comments and order: a few lines are
put behind the last site, or cut out. Where that can't be done safely, it is refused, with the lines
to add or to take away.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from ztas_middleware.config.document import plain_kind
from ztas_middleware.config.load import load_config
from ztas_middleware.errors import ConfigError

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ztas_middleware.config.model import Config

# Text that YAML reads as it stands, wherever it stands.
_PLAIN = re.compile(r"[\w][\w./-]*(?::[\w./-]+)*").fullmatch
_STEP = 2
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# YAML 1.1's line breaks.
_LINE = re.compile("[^\r\n\x85\u2028\u2029]*(?:\r\n|[\r\n\x85\u2028\u2029]|$)")


def add_site(path: str, site_id: str, domain: str, timezone: str | None = None) -> Config:
    """Register a site in a configuration file.

    Args:
        path: the file.
        site_id: the new site's id.
        domain: as in the key `domain`.
        timezone: as in the key `timezone`; None leaves it out.

    Returns:
        The configuration as it is then.

    Raises:
        ConfigError: the file can't be used, before or after; it is as it was.
    """
    lines = _site_lines(site_id, domain, timezone)
    by_hand = "add to `sites` by hand: " + " / ".join(line.strip() for line in lines)

    def grown(before: list[str]) -> list[str]:
        return [*before, site_id]

    return _edited(path, lambda content: inserted(content, lines), grown, by_hand)


def remove_site(path: str, site_id: str) -> Config:
    """Take a site out of a configuration file; arguments and errors as in `add_site`.

    Comments between the site's lines go with it; those before it stay, as they may be of all sites.
    """

    def fewer(before: list[str]) -> list[str]:
        return [name for name in before if name != site_id]

    by_hand = f"take {site_id} out of `sites` by hand"
    return _edited(path, lambda content: removed(content, site_id), fewer, by_hand)


def _edited(
    path: str,
    change: Callable[[str], str | None],
    expected: Callable[[list[str]], list[str]],
    by_hand: str,
) -> Config:
    """Change a configuration file in one step, if that changes nothing but which sites there are.

    Args:
        path: the file.
        change: from its text to another; None where that can't be done.
        expected: from the site ids before to those after.
        by_hand: what to do where it can't be done here.
    """
    # A link stays a link, and what it leads to is what is changed.
    target = Path(os.path.realpath(path))
    with _one_at_a_time(target.parent):
        before = load_config(path)
        content = target.read_bytes().decode("utf-8")
        unfinished: str | None = None
        try:
            changed = change(content)
            if changed is None:
                raise _refused(path, "its layout is not one that can be edited", by_hand)
            unfinished = _written(target, changed)
            after = load_config(unfinished)
            if list(after.sites) != expected(list(before.sites)) or any(
                before.sites.get(name, site) != site for name, site in after.sites.items()
            ):
                raise _refused(path, "changing it would change other sites", by_hand)
            _put_in_place(unfinished, target)
        except ConfigError as error:
            if error.source in (path, None):
                raise
            # The file that was tried out is nobody's business.
            raise ConfigError(error.problem, source=path, key=error.key) from None
        except OSError as error:
            raise _refused(path, f"cannot be written: {error.strerror}", by_hand) from None
        finally:
            if unfinished is not None:
                with contextlib.suppress(OSError):
                    os.unlink(unfinished)  # noqa: PTH108 - a name
    return replace(after, source=before.source)


def removed(content: str, site_id: str) -> str | None:
    """The text without a site's lines; None where that can't be done, or it is the only one."""
    sites = _sites_in(content)
    if sites is None or len(sites.value) < 2:  # noqa: PLR2004 - there must be one left
        return None
    lines = _LINE.findall(content.removeprefix("\ufeff"))[:-1]
    indent = sites.value[0][0].start_mark.column
    for key, site in sites.value:
        if key.value == site_id:
            first = key.start_mark.line
            place = _behind(lines, _last_line(key, site) + 1, indent)
            if not lines[first][: key.start_mark.column].isspace():
                return None  # something else begins in its line
            mark = "\ufeff" if content.startswith("\ufeff") else ""
            return mark + "".join([*lines[:first], *lines[place:]])
    return None


def inserted(content: str, site: list[str]) -> str | None:
    """The text with a site's lines behind its last one; None where that can't be done.

    Args:
        content: YAML that is a valid configuration.
        site: the lines of the new site, indented by `_STEP` below its id, without line ends.
    """
    found = _sites_in(content)
    if found is None:
        return None
    sites = found
    indent = sites.value[0][0].start_mark.column
    lines = _LINE.findall(content.removeprefix("\ufeff"))[:-1]
    end = "\r\n" if lines[0].endswith("\r\n") else "\n"
    last_key, last_site = sites.value[-1]
    place = _behind(lines, _last_line(last_key, last_site) + 1, indent)
    step = _STEP
    if isinstance(last_site, yaml.MappingNode) and not last_site.flow_style and last_site.value:
        step = max(1, last_site.value[0][0].start_mark.column - indent) or _STEP
    new = [
        " " * (indent + (step if line.startswith(" ") else 0)) + line.strip() + end for line in site
    ]
    if any(not line.strip() for line in lines[last_key.start_mark.line : place]):
        new.insert(0, end)
    if lines[place - 1] == lines[place - 1].rstrip("\r\n"):
        lines[place - 1] += end
    mark = "\ufeff" if content.startswith("\ufeff") else ""
    return mark + "".join([*lines[:place], *new, *lines[place:]])


def _sites_in(content: str) -> yaml.MappingNode | None:
    """The mapping of sites, if it is written in lines, and at its place."""
    try:
        root = yaml.compose(content, _LOADER)
    except yaml.YAMLError:
        return None  # the loader of configurations reads a little more than this one may
    if isinstance(root, yaml.MappingNode) and not root.flow_style:
        for key, sites in root.value:
            # An alias leads to a mapping that was written before its key.
            is_here = sites.start_mark.index > key.start_mark.index
            if key.value == "sites" and isinstance(sites, yaml.MappingNode):
                return sites if is_here and not sites.flow_style else None
    return None


def _site_lines(site_id: str, domain: str, timezone: str | None) -> list[str]:
    lines = [f"{as_scalar(site_id)}:", f"  domain: {as_scalar(domain)}"]
    if timezone is not None:
        lines.append(f"  timezone: {as_scalar(timezone)}")
    return lines


def as_scalar(text: str) -> str:
    """Text as a YAML scalar, in quotes where it needs them."""
    if _PLAIN(text) and plain_kind(text) == "text":
        return text
    return json.dumps(text, ensure_ascii=False)


def as_scalars(texts: list[str]) -> str:
    """One text as a scalar, several as a list in brackets."""
    if len(texts) == 1:
        return as_scalar(texts[0])
    return f"[{', '.join(map(as_scalar, texts))}]"


def _last_line(key: yaml.Node, value: yaml.Node) -> int:
    """The last line that belongs to an entry; an alias leads to lines that do not."""
    ends = [key.end_mark.line]
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if node.start_mark.index < key.start_mark.index:
            continue
        if isinstance(node, yaml.ScalarNode) or getattr(node, "flow_style", False):
            # A block scalar ends where the next line begins.
            ends.append(node.end_mark.line - (node.end_mark.column == 0 and bool(node.value)))
        elif isinstance(node, yaml.MappingNode):
            waiting += [part for pair in node.value for part in pair]
        else:
            waiting += node.value
    return max(ends)


def _behind(lines: list[str], place: int, indent: int) -> int:
    """The place behind the comments that belong to the site before it."""
    found = place
    for number, line in enumerate(lines[place:], place):
        text = line.strip()
        if text and not (text.startswith("#") and len(line) - len(line.lstrip()) > indent):
            break
        if text:
            found = number + 1
    return found


def _written(target: Path, content: str) -> str:
    """A file beside `target` with the content and the permissions that it is to have."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".yaml", dir=target.parent)
    with open(handle, "wb") as file:  # noqa: PTH123 - a descriptor
        file.write(content.encode())
        file.flush()
        os.fsync(handle)
    status = target.stat()
    os.chmod(name, status.st_mode & 0o777)  # noqa: PTH101 - a name
    if hasattr(os, "chown"):
        with contextlib.suppress(PermissionError):
            os.chown(name, status.st_uid, status.st_gid)
    return name


def _put_in_place(unfinished: str, target: Path) -> None:
    try:
        os.replace(unfinished, target)  # noqa: PTH105 - a name
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        # A mount of its own, as a container has it, can't be replaced, but written. Whoever reads
        # it meanwhile takes it for a broken edit, and looks again.
        content = Path(unfinished).read_bytes()
        with target.open("r+b") as file:
            file.write(content)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())


def _refused(path: str, problem: str, by_hand: str) -> ConfigError:
    return ConfigError(f"{problem}; {by_hand}", source=path)


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Keep two of us from adding to the same file at once: one would undo the other."""
    if sys.platform == "win32":
        yield
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        yield  # whoever reads the file next says what is wrong
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
