"""Every mistake a file can have, and what it is answered with."""

from __future__ import annotations

import pytest

SITES = "sites:\n  blog:\n    domain: example.com\n"
"""Three lines that are enough; what a case adds begins in line 4."""

MISTAKES = {
    # What is not there, or not known.
    "empty": ("", ":1:1: is empty; at least `sites` with one site is needed"),
    "only a comment": ("# hello\n", ":1:1: is empty; at least `sites` with one site is needed"),
    "a list": ("- sites", ":1:1: must be a mapping of keys, not a list"),
    "text": ("hello", ':1:1: must be a mapping of keys, not text ("hello")'),
    "no sites": ("endpoint: /hit", ":1:1: sites: is missing"),
    "sites empty": ("sites:\n", ":1:1: sites: must have at least one site"),
    "no site": ("sites: {}\n", ":1:8: sites: must have at least one site"),
    "sites a list": ("sites: [blog]", ":1:8: sites: must be a mapping, not a list"),
    "site without domain": ("sites:\n  blog: {}", ":2:3: sites.blog.domain: is missing"),
    "site empty": ("sites:\n  blog:\n", ":2:3: sites.blog.domain: is missing"),
    "site as text": (
        "sites:\n  blog: example.com\n",
        ':2:9: sites.blog: must be a mapping, not text ("example.com")',
    ),
    "misspelt": (
        "sites:\n  blog:\n    domian: example.com",
        ':3:5: sites.blog.domian: unknown key (did you mean "domain"?)',
    ),
    "misspelt above": (
        "site:\n  blog:\n    domain: x.org",
        ':1:1: site: unknown key (did you mean "sites"?)',
    ),
    "misspelt below": (
        SITES + "bots:\n  alow: []",
        ':5:3: bots.alow: unknown key (did you mean "allow"?)',
    ),
    "camel case": (
        SITES + "rateLimit: 5",
        ':4:1: rateLimit: unknown key (did you mean "rate_limit"?)',
    ),
    "nothing near": (SITES + "wallpaper: red", ":4:1: wallpaper: unknown key"),
    "a key of YAML's own": (SITES + "on: true", ":4:1: on: unknown key"),
    # Given twice.
    "key twice": (
        SITES + "endpoint: /a\nendpoint: /b",
        ":5:1: endpoint: is given twice, first in line 4",
    ),
    "site twice": (
        SITES + "  blog:\n    domain: b.org",
        ":4:3: sites.blog: is given twice, first in line 2",
    ),
    "key twice in a site": (
        SITES + "    domain: b.org",
        ":4:5: sites.blog.domain: is given twice, first in line 3",
    ),
    "key twice, quoted once": (
        SITES + '"sites": x',
        ":4:1: sites: is given twice, first in line 1",
    ),
    "merge twice": (
        "sites:\n  a: &a\n    domain: a.b\n  b:\n    <<: *a\n    <<: *a",
        ":6:5: << is given twice; write <<: [*one, *two]",
    ),
    # Site ids.
    "id a boolean": (
        "sites:\n  yes:\n    domain: a.b",
        ':2:3: sites.yes: a site id must be text, not a boolean; write it in quotes: "yes"',
    ),
    "id a number": (
        "sites:\n  123:\n    domain: a.b",
        ':2:3: sites.123: a site id must be text, not a number; write it in quotes: "123"',
    ),
    "id a date": (
        "sites:\n  2026-01-01:\n    domain: a.b",
        (
            ":2:3: sites.2026-01-01: a site id must be text, not a date; "
            'write it in quotes: "2026-01-01"'
        ),
    ),
    "id null": (
        "sites:\n  ~:\n    domain: a.b",
        ':2:3: sites.~: a site id must be text, not null; write it in quotes: "~"',
    ),
    "id missing": (
        'sites:\n  "": {domain: a.b}',
        ':2:3: sites."": a site id must not be blank',
    ),
    "id blank": (
        'sites:\n  " ":\n    domain: a.b',
        ":2:3: sites. : a site id must not be blank",
    ),
    "id with a space behind": (
        'sites:\n  "blog ":\n    domain: a.b',
        ":2:3: sites.blog : a site id must not begin or end with a space",
    ),
    "id too long": (
        f"sites:\n  {'x' * 65}:\n    domain: a.b",
        f":2:3: sites.{'x' * 61}...: a site id has at most 64 characters, not 65",
    ),
    "id with a control character": (
        'sites:\n  "a\\tb":\n    domain: a.b',
        ':2:3: sites.a\\u0009b: a site id must not have control characters: "a\\u0009b"',
    ),
    "id a list": ("sites:\n  ? [a]\n  : domain: a.b", ":2:5: sites: a list cannot be a key"),
    "id with a tag": (
        "sites:\n  !env A:\n    domain: a.b",
        ":2:3: sites: the tag !env cannot be a key",
    ),
    # Types.
    "domain a number": (
        "sites:\n  a:\n    domain: 123",
        ':3:13: sites.a.domain: must be text, not a number; write it in quotes: "123"',
    ),
    "domain a boolean": (
        "sites:\n  a:\n    domain: no",
        ':3:13: sites.a.domain: must be text, not a boolean; write it in quotes: "no"',
    ),
    "domain empty": (
        "sites:\n  a:\n    domain:\n",
        ":3:5: sites.a.domain: must be text, not nothing",
    ),
    "domain blank": (
        'sites:\n  a:\n    domain: " "',
        ":3:13: sites.a.domain: must not be blank",
    ),
    "domain a mapping": (
        "sites:\n  a:\n    domain: {a: b}",
        ":3:13: sites.a.domain: must be text, not a mapping",
    ),
    "no domain": (
        "sites:\n  a:\n    domain: []",
        ":3:13: sites.a.domain: must name at least one domain",
    ),
    "number in a list": (
        "sites:\n  a:\n    domain: [a.b, 5]",
        ':3:19: sites.a.domain: must be text, not a number; write it in quotes: "5"',
    ),
    "list in a list": (
        "sites:\n  a:\n    domain: [[a.b]]",
        ":3:14: sites.a.domain: must be text, not a list",
    ),
    "text for a list": (
        SITES + "keep_query: id",
        ':4:13: keep_query: must be a list, not text ("id"): [id]',
    ),
    "nothing for a list": (
        SITES + "keep_query:\n",
        ":4:1: keep_query: must be a list, not nothing; [] is an empty one",
    ),
    "text for a number": (
        SITES + 'rate_limit: "5"',
        ':4:13: rate_limit: must be a whole number, not text ("5")',
    ),
    "boolean for a number": (
        SITES + "rate_limit: true",
        ":4:13: rate_limit: must be a whole number, not a boolean",
    ),
    "text for a boolean": (
        SITES + "honor_dnt: maybe",
        ':4:12: honor_dnt: must be true or false, not text ("maybe")',
    ),
    "number for a boolean": (
        SITES + "honor_dnt: 1",
        ":4:12: honor_dnt: must be true or false, not a number",
    ),
    "bots a list": (SITES + "bots: []", ":4:7: bots: must be a mapping, not a list"),
    "allow every bot": (
        SITES + 'bots:\n  allow: [""]',
        ":5:11: bots.allow: must not be blank",
    ),
    "control characters": (
        SITES + 'bots:\n  deny: ["a\\nb"]',
        ':5:10: bots.deny: must not have control characters: "a\\u000ab"',
    ),
    # Numbers.
    "negative": (
        SITES + "rate_limit: -1",
        ":4:13: rate_limit: must be between 0 and 1000000000, not -1",
    ),
    "absurd": (
        SITES + "max_body: 99999999999",
        ":4:11: max_body: must be between 1 and 1073741824 bytes, not 99999999999",
    ),
    "zero": (SITES + "max_batch: 0", ":4:12: max_batch: must be between 1 and 1000000, not 0"),
    "keep for no day": (
        SITES + "    retention_days: 0",
        ":4:21: sites.blog.retention_days: must be between 1 and 36500 days, or null, not 0",
    ),
    "fraction": (
        SITES + "rate_limit: 1.5",
        ":4:13: rate_limit: must be a whole number in plain digits, not 1.5",
    ),
    "infinity": (
        SITES + "rate_limit: .inf",
        ":4:13: rate_limit: must be a whole number in plain digits, not .inf",
    ),
    "octal": (
        SITES + "rate_limit: 010",
        ":4:13: rate_limit: must be a whole number in plain digits, not 010",
    ),
    "hexadecimal": (
        SITES + "rate_limit: 0x10",
        ":4:13: rate_limit: must be a whole number in plain digits, not 0x10",
    ),
    "sexagesimal": (
        SITES + "rate_limit: 1:30",
        ":4:13: rate_limit: must be a whole number in plain digits, not 1:30",
    ),
    "endless digits": (
        SITES + "rate_limit: " + "9" * 10_000,
        f":4:13: rate_limit: must be a whole number in plain digits, not {'9' * 61}...",
    ),
    "tagged integer": (
        SITES + "rate_limit: !!int many",
        ":4:13: rate_limit: must be a whole number in plain digits, not many",
    ),
    # Timezones.
    "unknown timezone": (
        SITES + "    timezone: Europe/Berln",
        (
            ":4:15: sites.blog.timezone: unknown timezone "
            '"Europe/Berln" (did you mean "Europe/Berlin"?)'
        ),
    ),
    "timezone in lower case": (
        SITES + "    timezone: europe/berlin",
        (
            ":4:15: sites.blog.timezone: unknown timezone "
            '"europe/berlin" (did you mean "Europe/Berlin"?)'
        ),
    ),
    "file as a timezone": (
        SITES + "    timezone: ../../../etc/passwd",
        ':4:15: sites.blog.timezone: unknown timezone "../../../etc/passwd"',
    ),
    "time as a timezone": (
        SITES + "    timezone: 12:30",
        ':4:15: sites.blog.timezone: must be text, not a number; write it in quotes: "12:30"',
    ),
    # Domains: each reason is a case of test_domains.
    "domain with a path": (
        "sites:\n  a:\n    domain: example.com/blog",
        ':3:13: sites.a.domain: "example.com/blog": a domain is a host, without path and query',
    ),
    "second domain with a space": (
        "sites:\n  a:\n    domain:\n      - a.b\n      - c d",
        ':5:9: sites.a.domain: "c d": a domain has no spaces',
    ),
    "nearly true": (
        SITES + "honor_dnt: ture",
        ':4:12: honor_dnt: must be true or false, not text ("ture") (did you mean "true"?)',
    ),
    # Addresses.
    "no address": (
        SITES + "exclude_addresses: [office]",
        (
            ":4:21: exclude_addresses: must be an IP address or a network such as 10.0.0.0/8, "
            'not "office"'
        ),
    ),
    "one proxy": (
        SITES + "trusted_proxies: 10.0.0.0/8",
        ':4:18: trusted_proxies: must be a list, not text ("10.0.0.0/8"): [10.0.0.0/8]',
    ),
    **{
        f"private proxies, {name}": (
            SITES + f"trusted_proxies: {text}",
            (
                f":4:{column}: trusted_proxies: must be an IP address or a network such as "
                f'10.0.0.0/8, not "{word}" (did you mean "private"?)'
            ),
        )
        for name, text, column, word in (
            ("cut short", "privat", 18, "privat"),
            ("in a list", "[127.0.0.1, privte]", 30, "privte"),
            ("in capitals", "Private", 18, "Private"),
        )
    },
    "one address that is none": (
        SITES + "exclude_addresses: office",
        (
            ":4:20: exclude_addresses: must be an IP address or a network such as 10.0.0.0/8, "
            'not "office"'
        ),
    ),
    "no cookie": (
        SITES + "exclude_cookies: [a=b]",
        ':4:19: exclude_cookies: must be the name of a cookie such as staff, not "a=b"',
    ),
    "address in brackets": (
        SITES + 'trusted_proxies: ["[::1]"]',
        (
            ":4:19: trusted_proxies: must be an IP address or a network such as 10.0.0.0/8, "
            'not "[::1]"'
        ),
    ),
    "address with a zone": (
        SITES + 'exclude_addresses: ["fe80::1%eth0"]',
        (
            ":4:21: exclude_addresses: must be an IP address or a network such as 10.0.0.0/8, "
            'not "fe80::1%eth0"'
        ),
    ),
    "address out of range": (
        SITES + "exclude_addresses: [10.0.0.0/33]",
        (
            ":4:21: exclude_addresses: must be an IP address or a network such as 10.0.0.0/8, "
            'not "10.0.0.0/33"'
        ),
    ),
    "address YAML reads as a number": (
        SITES + "exclude_addresses:\n  - 2001:10:10:10:10:10:10:10",
        (
            ":5:5: exclude_addresses: must be text, not a number; write it in quotes: "
            '"2001:10:10:10:10:10:10:10"'
        ),
    ),
    # Paths.
    "endpoint without slash": (
        SITES + "endpoint: api/track",
        ':4:11: endpoint: must begin with a slash: "api/track"',
    ),
    "endpoint with a host": (
        SITES + "endpoint: //example.com/track",
        ':4:11: endpoint: must begin with a single slash: "//example.com/track"',
    ),
    "endpoint with query": (
        SITES + "endpoint: /track?x=1",
        ':4:11: endpoint: must be a path without query and fragment: "/track?x=1"',
    ),
    "endpoint with fragment": (
        SITES + 'endpoint: "/track#x"',
        ':4:11: endpoint: must be a path without query and fragment: "/track#x"',
    ),
    "endpoint encoded": (
        SITES + "endpoint: /tr%61ck",
        ':4:11: endpoint: must not have spaces, backslashes or percent signs: "/tr%61ck"',
    ),
    "endpoint that goes up": (
        SITES + "endpoint: /api/../track",
        ':4:11: endpoint: must not have "." or ".." in it: "/api/../track"',
    ),
    "endless endpoint": (
        SITES + "endpoint: /" + "x" * 300,
        ":4:11: endpoint: must have at most 256 characters",
    ),
    "glob that matches nothing": (
        SITES + "    exclude_paths: [admin/*]",
        ':4:21: sites.blog.exclude_paths: must begin with "/" or "*": "admin/*"',
    ),
    "database in memory": (
        SITES + 'database: ":memory:"',
        ':4:11: database: must be the path of a file, not ":memory:"',
    ),
    "database of nobody": (
        SITES + "database: ~no-such-user/ztas.db",
        ':4:11: database: "~no-such-user/ztas.db": there is no home directory for this ~',
    ),
    # The rest.
    "header with a colon": (
        SITES + 'country_header: "CF-IPCountry:"',
        (
            ":4:17: country_header: must be the name of a header such as CF-IPCountry, "
            'not "CF-IPCountry:"'
        ),
    ),
    "header off": (
        SITES + "country_header: off",
        ':4:17: country_header: must be text, not a boolean; write it in quotes: "off"',
    ),
    "parameter with its value": (
        SITES + "keep_query: [id=1]",
        ':4:14: keep_query: must be the bare name of a query parameter, not "id=1"',
    ),
    "durability misspelt": (
        SITES + "durability: comit",
        ':4:13: durability: must be commit or full, not "comit" (did you mean "commit"?)',
    ),
    # Right each by itself.
    "script on the endpoint": (
        SITES + "script: /api/track",
        ':4:9: script: "/api/track" is the path of `endpoint`',
    ),
    "pixel on the script": (
        "pixel: /z\nscript: /z\n" + SITES,
        ':1:8: pixel: "/z" is the path of `script`',
    ),
    "history on the database": (
        SITES + "database: data/z.db\nhistory: ./data/z.db",
        ":5:10: history: is the path of `database`; it is a folder, with a name of its own",
    ),
    "inject without a script": (
        SITES + "    inject: true",
        (
            ":4:13: sites.blog.inject: there is no script to inject; "
            "say with `script` where to serve it"
        ),
    ),
    # Not the only mistake.
    "the first of several": (
        "sites:\n  a:\n    domain: a.b\n    timezone: X/Y\n  b:\n    domian: b.c\nfoo: 1",
        ':4:15: sites.a.timezone: unknown timezone "X/Y"',
    ),
    "the first of several, below first": (
        "rate_limit: -1\nfoo: 1\nsites: {}",
        ":1:13: rate_limit: must be between 0 and 1000000000, not -1",
    ),
    "a mistake of an anchor is where the anchor is": (
        "sites:\n  a: &a\n    domain: a.b\n    server_side: perhaps\n  b: *a",
        ':4:18: sites.a.server_side: must be true or false, not text ("perhaps")',
    ),
    # Tags.
    "custom tag": (
        SITES + "database: !env DATA",
        ":4:11: database: must be text, not the tag !env",
    ),
    "Python tag": (
        SITES + "database: !!python/name:os.system",
        ":4:11: database: must be text, not the tag !!python/name:os.system",
    ),
    "Python object": (
        SITES + "keep_query: !!python/object/apply:os.system [ls]",
        ":4:13: keep_query: must be a list, not the tag !!python/object/apply:os.system",
    ),
    "set": (SITES + "bots: !!set {a, b}", ":4:7: bots: must be a mapping, not the tag !!set"),
    "binary": (
        SITES + "database: !!binary aGFsbG8=",
        ":4:11: database: must be text, not the tag !!binary",
    ),
}


@pytest.mark.parametrize(("text", "expected"), MISTAKES.values(), ids=MISTAKES.keys())
def test_each_mistake_is_named_with_its_place(message, text, expected):
    assert message(text) == f"conf/ztas.yaml{expected}"
