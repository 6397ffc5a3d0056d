"""The pages of `page_site` as an ASGI app; ZTAS_CONFIG names the configuration."""

from __future__ import annotations

import os

from doors import asgi_app
from page_site import site

from ztas_middleware.asgi import ZTASMiddleware

application = ZTASMiddleware(asgi_app(site), os.environ["ZTAS_CONFIG"])
