"""A small example site, to see the middleware at work within a minute."""
