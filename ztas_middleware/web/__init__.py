"""What we serve to browsers, and what we add to or learn from the pages that the app serves."""
