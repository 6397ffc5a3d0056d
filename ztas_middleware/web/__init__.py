"""What we serve besides the Track endpoint: the JSON API and the pages."""
