"""The ASGI front door, for FastAPI, Starlette and whatever else is asynchronous."""

from ztas_middleware.asgi.dashboard import dashboard_app
from ztas_middleware.asgi.middleware import ZTASMiddleware

__all__ = ["ZTASMiddleware", "dashboard_app"]
