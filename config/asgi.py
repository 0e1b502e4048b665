"""ASGI entry point: pages, API and server-sent events."""

import os

import django
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class Handler(ASGIHandler):
    """A request crosses into its thread once and runs its middleware and view there.

    Django's own handler keeps the chain asynchronous and lets each of eighteen middlewares hop to the
    thread and back: two thirds of the processor time of an intake went into that. Streams stay
    asynchronous: their views are awaited on the server's loop, and so is what they yield.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self.get_response, thread_sensitive=True)(request)


django.setup(set_prefix=False)
application = Handler()
