"""From a request to a hit: endpoint, wire format, origin, client, bots, visitor, cleaning, drop counts."""
