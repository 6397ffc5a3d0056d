"""The one form in which hosts are compared.

Follows what browsers do to a host (WHATWG URL, 3.5, on UTS #46 in its non-transitional form), as
far as it decides which names are equal; `unicodedata` stands in for the mapping table. Python's
own `idna` codec is IDNA2003 and would make `strasse.de` of `straße.de`, another domain.
"""

from __future__ import annotations

import re
import unicodedata
from ipaddress import IPv4Address, IPv6Address

MAX_HOST = 253
_MAX_LABEL = 63
_PLAIN = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
# What UTS #46 drops from a name: soft hyphens, zero-width spaces, variation selectors.
_IGNORED = re.compile(
    "[\u00ad\u034f\u180b-\u180d\u180f\u200b\u2060\u2064\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]"
)
# Letters of their own since IDNA2008, where case folding would still replace them.
_FOLDED = {"\u00df": "\u00df", "\u1e9e": "\u00df", "\u03c2": "\u03c2"}
# The zero-width joiners are part of names in Persian and the Indic scripts.
_JOINERS = "\u200c\u200d"


def ascii_host(host: str) -> str:
    """The canonical form of a host: `MÜNCHEN.de.` -> `xn--mnchen-3ya.de`, `[::0:1]` -> `::1`.

    Raises:
        ValueError: it is no host name and no address; the message says why.
    """
    if not host:
        raise ValueError("the host is missing")
    if host.startswith("[") or ":" in host:
        return _ipv6(host)
    # Whatever is longer cannot become shorter; the mapping must not be fed megabytes.
    if len(host) > MAX_HOST + 1:
        raise ValueError(f"a host has at most {MAX_HOST} characters")
    name = host.lower() if host.isascii() else _mapped(host)
    name = name.removesuffix(".")
    labels = name.split(".")
    if not name.isascii() or "xn--" in name:
        labels = [_ascii_label(label) for label in labels]
        name = ".".join(labels)
    if len(name) > MAX_HOST:
        raise ValueError(f"a host has at most {MAX_HOST} characters")
    if not _PLAIN.fullmatch(name):
        raise ValueError(_reason(labels))
    # A name that ends in a number is an IPv4 address or nothing (WHATWG URL, 3.5).
    if labels[-1].isdigit() or re.fullmatch("0x[0-9a-f]*", labels[-1]):
        return _ipv4(name)
    return name


def is_name(host: str) -> bool:
    """Whether a canonical host is a DNS name, not an address."""
    return ":" not in host and not host.rpartition(".")[2].isdigit()


def _ipv6(host: str) -> str:
    inside = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        if "%" in inside:
            raise ValueError  # noqa: TRY301 - a zone is of this machine only, and never in an origin
        return IPv6Address(inside).compressed
    except ValueError:
        raise ValueError("this is no IPv6 address") from None


def _ipv4(host: str) -> str:
    try:
        return str(IPv4Address(host))
    except ValueError:
        raise ValueError("this is no IPv4 address, and no name ends in a number") from None


def _mapped(text: str) -> str:
    folded = unicodedata.normalize("NFKC", _IGNORED.sub("", text))
    folded = "".join(_FOLDED.get(c) or c.casefold() for c in folded)
    # The ideographic full stop separates labels as well.
    return unicodedata.normalize("NFKC", folded).replace("\u3002", ".")


def _ascii_label(label: str) -> str:
    if label.startswith("xn--"):
        return _checked_punycode(label)
    if label.isascii():
        return label
    _check_characters(label)
    return _punycode(label)


def _check_characters(label: str) -> None:
    for c in label:
        # Cn: a newer browser may know characters that this Python does not.
        category = unicodedata.category(c)
        if not (category[0] in "LMNPS" or category == "Cn" or c in _JOINERS):
            raise ValueError(f"U+{ord(c):04X} cannot be part of a host")
    if unicodedata.category(label[0]).startswith("M"):
        raise ValueError("a part of a host cannot begin with a combining mark")


def _punycode(label: str) -> str:
    # The codec's work grows with the square of the length.
    if len(label) > _MAX_LABEL:
        raise ValueError(f"a part of a host has at most {_MAX_LABEL} characters")
    return "xn--" + label.encode("punycode").decode("ascii")


def _checked_punycode(label: str) -> str:
    """An `xn--` label, if it is what its own Unicode form is written as."""
    if len(label) <= _MAX_LABEL and label.isascii():
        try:
            text = label[4:].encode("ascii").decode("punycode")
            if not text.isascii() and _punycode(_mapped(text)) == label:
                _check_characters(text)
                return label
        except (ValueError, OverflowError):
            pass
    raise ValueError(f"{label[:_MAX_LABEL]} is no valid IDNA name")


def _reason(labels: list[str]) -> str:
    if not all(labels):
        return "a dot too many"
    if any(len(label) > _MAX_LABEL for label in labels):
        return f"a part of a host has at most {_MAX_LABEL} characters"
    strange = next(c for label in labels for c in label if not re.match("[a-z0-9_-]", c))
    if strange == "*":
        return 'a star stands only for all subdomains, in front: "*.example.com"'
    return (
        f'"{strange}" cannot be part of a host' if strange.isprintable() else "a control character"
    )
