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


def redact(text: str) -> str:
    """Replace e-mail addresses, IP addresses standing alone and telephone numbers.

    Args:
        text: decoded text of any length and content.

    Returns:
        The text with `[email]`, `[ip]` and `[phone]` in their places; the very same object where
        there are none. Runs of digits, versions, dates, times and unix times stay.
    """
    if not _SUSPECT.search(text):
        return text
    # E-mail first: its domain may look like the start of another datum, never the reverse.
    if "@" in text or "40" in text:
        text = _redact_mail(text)
    if ":" in text:
        text = _COLONS.sub(_address_in, text)
    if "." in text:
        text = _IPV4.sub(_ipv4_in, text)
    text = _INTERNATIONAL.sub("[phone]", text)
    return _NORTH_AMERICAN.sub("[phone]", text)


def _redact_mail(text: str) -> str:
    # From the at sign outwards, because a search for local parts would start again at each
    # letter of a long word that has none behind it.
    pieces: list[str] = []
    done = 0
    for domain in _MAIL_DOMAIN.finditer(text):
        at = domain.start()
        local = _MAIL_LOCAL.match(text[max(done, at - _LOCAL_PART) : at][::-1])
        if local:
            pieces += (text[done : at - local.end()], "[email]")
            done = domain.end()
    pieces.append(text[done:])
    return "".join(pieces)


def _address_in(match: re.Match[str]) -> str:
    """What stands for a run of words and colons: itself, or with its IPv6 address replaced."""
    opening, run, closing = match.groups()
    # The colon of a sentence: `from 2001:db8::1: 3 hits`.
    core = run[:-1] if run.endswith(":") and not run.endswith("::") else run
    name, _, rest = core.partition(":")
    if _is_address(core):
        name, found = "", core
    elif _is_address(rest):
        name, found = f"{name}:", rest
    else:
        return match[0]
    if opening and closing and not name:
        opening = closing = ""
    return f"{opening}{name}[ip]{run[len(name) + len(found) :]}{closing}"


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


def _ipv4_in(match: re.Match[str]) -> str:
    octets = match[0].split(".")
    before = match.string[max(0, match.start() - 24) : match.start()]
    if (
        any(int(octet) > 255 for octet in octets)  # noqa: PLR2004 - a byte
        or _VERSION_BEFORE.search(before)
        # `Chrome/120.0.0.0`: browsers send the rest of their version as zeros.
        or (match[0].endswith(".0.0.0") and _PRODUCT_BEFORE.search(before))
    ):
        return match[0]
    return "[ip]"
