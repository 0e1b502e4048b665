"""Times of pages and API lists on one database; run it on a small and a large one and compare.

Statements are pinned in tests/query_counts.json.

    DATABASE_URL=… python tests/measure/growth.py > small.json
    DATABASE_URL=… python tests/measure/growth.py > large.json
    python tests/measure/growth.py small.json large.json

The requests run in this process, without a network, each `ROUNDS` times after two warming ones.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROUNDS = 15
API = (
    "/api/v1/tickets/",
    "/api/v1/tickets/?status=open",
    "/api/v1/tickets/?status=closed&type=complaint",
    "/api/v1/tickets/?ordering=sla",
    "/api/v1/tickets/?overdue=true",
    "/api/v1/tickets/?search=退款",
    "/api/v1/tickets/?search=关税",
    "/api/v1/tickets/?search=订单",
    "/api/v1/tickets/?search=快递 退款",
    "/api/v1/customers/",
    "/api/v1/orders/",
    "/api/v1/follow-up-visits/",
    "/api/v1/surveys/",
)
PAGES = (
    "/",
    "/desk/",
    "/tickets/",
    "/tickets/?search=退款",
    "/tickets/?search=关税",
    "/board/",
    "/reports/",
    "/customers/",
    "/visits/",
    "/triage/",
)
USERS = ("agent", "supervisor")


def measure(get: Callable[[str], Any], path: str) -> dict[str, Any]:
    for _warming in range(2):
        answer = get(path)
    spent = []
    for _round in range(ROUNDS):
        started = time.perf_counter()
        get(path)
        spent.append((time.perf_counter() - started) * 1000)
    spent.sort()
    return {"status": answer.status_code, "p50": statistics.median(spent), "p95": spent[int(len(spent) * 0.95)]}


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parents[2]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.test import Client
    from rest_framework.test import APIClient

    from crm.staff.models import User
    from tickets.models import Ticket

    settings.ALLOWED_HOSTS = ["*"]
    found = {}
    for username in USERS:
        user = User.objects.get(username=username)
        api, browser = APIClient(), Client()
        api.force_authenticate(user)
        browser.force_login(user)
        seen = Ticket.objects.visible_to(user)
        long = seen.filter(pk__gte=0).order_by("-pk").values_list("number", flat=True)[:1].get()
        for path in (*API, f"/api/v1/tickets/{long}/", f"/api/v1/tickets/{long}/messages/", deep(api)):
            found[f"{username} {'page 40' if 'cursor=' in path else path.replace(long, 'N')}"] = measure(api.get, path)
        for path in (*PAGES, f"/desk/{long}/"):
            found[f"{username} {path.replace(long, 'N')}"] = measure(browser.get, path)
    json.dump(found, sys.stdout, ensure_ascii=False, indent=1)


def deep(api: Any) -> str:
    """The address of the 40th page of the list."""
    path = "/api/v1/tickets/?page_size=20"
    for _page in range(39):
        following = api.get(path).json()["next"]
        if following is None:
            break
        path = following
    return path


def compare(small: str, large: str) -> None:
    """One line for each request: ratio of the medians, p50 and p95 in ms of both."""
    a, b = (json.loads(Path(name).read_text()) for name in (small, large))
    for key, one in a.items():
        two = b[key]
        print(
            f"{two['p50'] / one['p50']:5.2f}x",
            *(f"{row[name]:7.1f}" for name in ("p50", "p95") for row in (one, two)),
            key,
        )


if __name__ == "__main__":
    compare(*sys.argv[1:]) if len(sys.argv) == 3 else main()
