"""The Celery application. Workers run `drain` when nudged; the ticker is the guarantee (docs/adr/0002)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("kean")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
