"""The "hello" of Flask's documentation."""

from __future__ import annotations

from flask import Flask

application = Flask(__name__)


@application.get("/")
def hello() -> str:
    """Greet."""
    return "Hello, world"
