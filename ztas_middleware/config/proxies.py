"""The networks that `private` stands for in `trusted_proxies`.

Containers and hosting platforms put a proxy with such an address in front of an app, and seldom
say which. Nobody on the internet has one, so what a peer with one says of its clients can be
believed where only proxies reach the app.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ztas_middleware.config.model import Network

PRIVATE: Final = "private"

STRAY: Final = (
    "a proxy with a private address sends X-Forwarded-For and is not in trusted_proxies, so all "
    "visitors behind it count as one"
)

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


@lru_cache(maxsize=512)
def is_private(address: str) -> bool:
    """Whether an address is in one of `PRIVATE_NETWORKS`; False for what is none."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in PRIVATE_NETWORKS)


def as_setting(trusted: tuple[Network, ...]) -> str:
    """`trusted_proxies` as it is written in YAML."""
    return f"[{', '.join(map(_item, trusted))}]"


def line_with_private(trusted: tuple[Network, ...]) -> str:
    """The line of YAML for a setting with `private` in it."""
    others = [_item(network) for network in trusted if not _is_within(network)]
    value = f"[{', '.join([PRIVATE, *others])}]" if others else PRIVATE
    return f"trusted_proxies: {value}"


def _item(network: Network) -> str:
    text = str(network.network_address if network.num_addresses == 1 else network)
    return f'"{text}"' if ":" in text else text


def _is_within(network: Network) -> bool:
    return any(
        network.network_address in private and network.broadcast_address in private
        for private in PRIVATE_NETWORKS
    )
