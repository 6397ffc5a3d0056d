"""The project that the tests of the Django app serve: its settings."""

from __future__ import annotations

PAGE = "<!doctype html><html><head><title>x</title></head><body>hello</body></html>"
MEMORY = "file:django?mode=memory&cache=shared"
OURS = "ztas_middleware.django.middleware.ZTASMiddleware"

TEMPLATE = (
    "{% load ztas %}<html><head>{% ztas_script %}</head>"
    '<body>{% ztas_views %} {% ztas_views "/articles/1/" %}</body></html>'
)

SETTINGS = {
    "ALLOWED_HOSTS": ["testserver"],
    "DATABASES": {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": "file:django?mode=memory&cache=shared",
        }
    },
    "DEFAULT_AUTO_FIELD": "django.db.models.AutoField",
    "INSTALLED_APPS": [
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "ztas_middleware.django",
    ],
    "MIDDLEWARE": [
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.gzip.GZipMiddleware",
        OURS,
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    "ROOT_URLCONF": "django_urls",
    "SECRET_KEY": "nothing of value is signed here",
    "TEMPLATES": [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    ("django.template.loaders.locmem.Loader", {"page.html": TEMPLATE}),
                    "django.template.loaders.app_directories.Loader",
                ],
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ],
            },
        }
    ],
    "USE_TZ": True,
    "ZTAS": {"config": {"sites": {"site_abc123": {"domain": "testserver"}}}},
}
