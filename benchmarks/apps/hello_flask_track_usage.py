"""Flask's "hello" with Flask-Track-Usage, which stores each request by SQLAlchemy in SQLite."""

from __future__ import annotations

import os

import sqlalchemy
from flask_track_usage import TrackUsage
from flask_track_usage.storage.sql import SQLStorage

from benchmarks.apps.hello_flask import application

__all__ = ["application"]

_engine = sqlalchemy.create_engine(f"sqlite:///{os.environ['ZTAS_BENCH_DATABASE']}")
TrackUsage(application, [SQLStorage(engine=_engine)])
