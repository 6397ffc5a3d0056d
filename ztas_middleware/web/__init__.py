"""What is served besides the endpoint: the script, the pixel, the app's own pages, the numbers."""
