"""The settings of the product plus the migration linter, which is a Django app."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS as PRODUCT_APPS

INSTALLED_APPS = [*PRODUCT_APPS, "django_migration_linter"]
