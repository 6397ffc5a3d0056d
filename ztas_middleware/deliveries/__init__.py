"""What comes to the reader by itself: reports and alerts, by mail and webhook."""
