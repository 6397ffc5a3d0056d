"""From a request to a hit: what is asked, who asks, whether it counts, and what may be kept."""
