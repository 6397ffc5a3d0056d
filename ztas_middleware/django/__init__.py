"""The Django app: `ztas_middleware.django` in INSTALLED_APPS, and `ZTAS` in the settings.

ZTAS = {"config": "conf/ztas.yaml", "exclude_staff": True}
"""
