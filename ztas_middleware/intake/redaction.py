"""Personal data in client text: e-mail addresses, IP addresses and telephone numbers.

Text that a page sends can carry what its visitor typed or followed: a newsletter link with an
address in it, a search for a telephone number. Such a datum is replaced by a placeholder; the
hit stays. Decoding, control characters and lengths are the callers' business.

Everything here takes time in proportion to the text: each quantifier is bounded, and each
pattern can start only at the beginning of a token, or at a character no token contains.
"""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1
_DOMAIN = 254  # RFC 1035 allows 253
_TOP_DOMAIN = 24
LONGEST = _LOCAL_PART + len("%252540") + _DOMAIN + len(".") + _TOP_DOMAIN
"""Characters that the longest datum found here can have (an e-mail address); where text is cut
before it is redacted, so much of its end may be the unrecognised half of one."""

# Patterns are ASCII ones: only its letters, digits and the low line join a token, since Chinese,
# Japanese and Thai write no spaces (我的IP是203.0.113.7).

# Where a token starts: not in a word, but behind an escape that a query keeps, as in `%3D10.0.0.1`.
_START = r"(?:(?<!\w)|(?<=%[0-9A-Fa-f]{2}))"
# A plus sign, and an at sign, that a query kept encoded (once, or twice).
_PLUS = r"(?:\+|%2[Bb])"
_AT = r"(?:@|%(?:25){0,2}40)"
# What people put between the groups of a number: a plus is a form's space; the rest are the
# no-break, figure, thin and narrow spaces and the hyphens that typography puts there.
_GAP = r"\- .+\u00a0\u2007\u2009\u202f\u2010-\u2013"

# All that a datum cannot do without, in one search that starts at one of a few characters.
_SUSPECT = re.compile(
    rf"[@%:.()+{_GAP}]"
    r"(?:(?<=@)|(?<=%)(?:25){0,2}40"
    r"|(?<=:)[0-9A-Fa-f]{0,4}:"
    r"|(?<=\.)[0-9]{1,3}\.[0-9]"
    r"|(?<=\+)\(?[0-9]|(?<=%)2[Bb]"
    rf"|(?<=[{_GAP})])[0-9]{{3}}[{_GAP}]{{1,3}}[0-9]{{4}})"
)

# In an e-mail address, letters of the scripts with capitals do join (`jürgen@example.com`): these
# have spaces between words. Others (`用户@例子.中国`) where no such letter is beside the at sign.
_CASED = r"\u00aa\u00b5\u00ba\u00c0-\u0587\u1e00-\u1fff"
# `logo@2x.png` is a picture for sharp displays, `jquery@3.6.0.min.js` a package and its version.
_MAIL_DOMAIN = re.compile(
    rf"{_AT}(?![1-9](?:\.[0-9])?x\.(?:avif|gif|ico|jpe?g|png|svg|webp)(?![A-Za-z0-9_]))"
    r"(?!v?[0-9]{1,5}\.[0-9]{1,5}\.[0-9])"
    rf"(?:[A-Za-z0-9_.-]{{1,{_DOMAIN}}}\.[A-Za-z]{{2,{_TOP_DOMAIN}}}(?![A-Za-z-{_CASED}])"
    rf"|[\w.-]{{1,{_DOMAIN}}}\.(?:xn--[a-z0-9-]{{1,20}}|[^\W\d_]{{2,{_TOP_DOMAIN}}}))"
)
# RFC 5322's `dot-atom` less `/`, `=`, `?` and `&`, which separate things in URLs; read backwards.
_ATOM = r".+%'~!#$*^`{|}-"
_MAIL_LOCAL = re.compile(
    rf"[A-Za-z0-9_{_CASED}{_ATOM}]{{1,{_LOCAL_PART}}}|[\w{_ATOM}]{{1,{_LOCAL_PART}}}"
)

# Eight groups at most, a group more for `::` at an end, and a word that names the address
# (`ip:2001:db8::1`); dots are those of an embedded IPv4 address.
_COLONS = re.compile(
    rf"(?<![:.]){_START}(\[?)(\w{{0,40}}(?::[0-9A-Fa-f]{{0,4}}){{2,9}}(?:(?:\.[0-9]{{1,3}}){{3}})?)"
    r"(?![\w:])(\]?)",
    re.ASCII,
)
_IPV4 = re.compile(
    rf"(?<!\.)(?<![A-Za-z]-){_START}([0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}})(?!\w|\.\w|-[A-Za-z])",
    re.ASCII,
)
_VERSION_BEFORE = re.compile(
    r"(?:version|ver|release|build|rev|versi[oó]n|vers[aã]o|версия|版本[号號]?|版|バージョン|버전|เวอร์ชัน|รุ่น|إصدار|גרסה)"
    r"s?[ .:=/_\uff1a-]{0,2}$",
    re.IGNORECASE,
)
_PRODUCT_BEFORE = re.compile(r"(?:^|[\s(;])[A-Za-z]{1,20}/$")

_INTERNATIONAL = re.compile(
    rf"(?<!\+){_START}{_PLUS}\(?[0-9](?:[{_GAP}()/]{{0,3}}[0-9]){{6,14}}(?![0-9])",
    re.ASCII,
)
_NORTH_AMERICAN = re.compile(
    rf"(?:{_START}(?<![0-9][-.])(?:1[{_GAP}])?[0-9]{{3}}[{_GAP}]{{1,3}}"
    rf"|(?:{_START}1[{_GAP}]?|(?<![0-9]))\([0-9]{{3}}\)[{_GAP}]{{0,3}})"
    rf"[0-9]{{3}}[{_GAP}]{{1,3}}[0-9]{{4}}"
    r"(?!(?!x[0-9]|ext)\w|[-.][0-9])",
    re.ASCII,
)


# A digit is one in any script, and East Asian keyboards write it and its signs as wide as a letter
# of theirs. Wide letters stay what they are, and join no token.
_OTHER_DIGIT = re.compile(r"[^\D0-9]")
_WIDE = str.maketrans("\uff0e\uff0b\uff0d\uff08\uff09\uff0f\uff1a\uff20\u3000", ".+-()/:@ ")

Found = tuple[int, int, str]
"""Where a datum begins, the first character behind it, and what stands for it."""


def redact(text: str) -> str:
    """Replace e-mail addresses, IP addresses standing alone and telephone numbers.

    Args:
        text: decoded text of any length and content.

    Returns:
        The text with `[email]`, `[ip]` and `[phone]` in their places; the very same object where
        there are none. Runs of digits, versions, dates, times and unix times stay.
    """
    read = text if text.isascii() else _in_ascii(text)
    if not _SUSPECT.search(read):
        return text
    # E-mail first: its domain may look like the start of another datum, never the reverse.
    for find in (_mail_in, _ipv6_in, _ipv4_in, _international_in, _north_american_in):
        if found := list(find(read)):
            text, read = _replaced(text, found), _replaced(read, found)
    return text


def _in_ascii(text: str) -> str:
    """The text, as long as it is, with ASCII's digits and signs for those that mean the same."""
    return _OTHER_DIGIT.sub(lambda digit: str(int(digit[0])), text.translate(_WIDE))


def _replaced(text: str, found: list[Found]) -> str:
    pieces: list[str] = []
    done = 0
    for start, end, placeholder in found:
        pieces += (text[done:start], placeholder)
        done = end
    pieces.append(text[done:])
    return "".join(pieces)


def _mail_in(text: str) -> Iterator[Found]:
    if "@" not in text and "40" not in text:
        return
    # From the at sign outwards, because a search for local parts would start again at each
    # letter of a long word that has none behind it.
    done = 0
    for domain in _MAIL_DOMAIN.finditer(text):
        at = domain.start()
        local = _MAIL_LOCAL.match(text[max(done, at - _LOCAL_PART) : at][::-1])
        if local:
            done = domain.end()
            yield at - local.end(), done, "[email]"


def _ipv6_in(text: str) -> Iterator[Found]:
    for match in _COLONS.finditer(text) if ":" in text else ():
        opening, run, closing = match.groups()
        # The colon of a sentence: `from 2001:db8::1: 3 hits`.
        core = run[:-1] if run.endswith(":") and not run.endswith("::") else run
        start = match.start(2)
        end = start + len(core)
        name, colon, rest = core.partition(":")
        if _is_address(core):
            is_enclosed = opening and closing and core == run
            yield (*(match.span() if is_enclosed else (start, end)), "[ip]")
        elif _is_address(rest):
            yield start + len(name + colon), end, "[ip]"


def _ipv4_in(text: str) -> Iterator[Found]:
    for match in _IPV4.finditer(text) if "." in text else ():
        octets = match[0].split(".")
        before = text[max(0, match.start() - 24) : match.start()]
        if not (
            any(int(octet) > 255 for octet in octets)  # noqa: PLR2004 - a byte
            or _VERSION_BEFORE.search(before)
            # `Chrome/120.0.0.0`: browsers send the rest of their version as zeros.
            or (match[0].endswith(".0.0.0") and _PRODUCT_BEFORE.search(before))
        ):
            yield (*match.span(), "[ip]")


def _international_in(text: str) -> Iterator[Found]:
    return ((*match.span(), "[phone]") for match in _INTERNATIONAL.finditer(text))


def _north_american_in(text: str) -> Iterator[Found]:
    return ((*match.span(), "[phone]") for match in _NORTH_AMERICAN.finditer(text))


def _is_address(text: str) -> bool:
    try:
        socket.inet_pton(socket.AF_INET6, text)
    except (OSError, ValueError):  # a letter that is no ASCII is a ValueError
        return False
    if "::" not in text or text == "::1":
        return True
    # `a::b`, `Foo::Bar`, `::` and `[1::2]` are valid addresses that only programs contain.
    digits = text.replace(":", "")
    return len(digits) > 4 and any("0" <= character <= "9" for character in digits)  # noqa: PLR2004 - a group has four
