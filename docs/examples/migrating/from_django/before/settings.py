"""The settings of the shop."""

SECRET_KEY = "for tests"
ROOT_URLCONF = "catalogue.urls"
INSTALLED_APPS = ["catalogue"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
USE_TZ = True
