"""The networks that `private` stands for in `trusted_proxies`.

Containers and hosting platforms put a proxy with such an address in front of an app, and seldom
say which. Nobody on the internet has one, so what a peer with one says of its clients can be
believed where only proxies reach the app.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ztas_middleware.config.model import Network

PRIVATE: Final = "private"

PRIVATE_NETWORKS: Final[tuple[Network, ...]] = tuple(
    ip_network(text)
    for text in (
        *("127.0.0.0/8", "::1/128"),  # loopback
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),  # private, RFC 1918
        "fc00::/7",  # the same for IPv6, RFC 4193
        "100.64.0.0/10",  # shared by the customers of a provider, RFC 6598
        *("169.254.0.0/16", "fe80::/10"),  # link-local, RFC 3927 and 4291
    )
)
