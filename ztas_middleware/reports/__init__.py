"""Questions about the hits, and their exact answers."""
