"""Rows from elsewhere: our own exports, web server logs, other analytics."""
