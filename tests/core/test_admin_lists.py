"""Lists of the admin over tables that grow with age."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.admin_bases import BoundedPaginator
from crm.staff.models import User
from tests.tickets.conftest import desk, make_ticket
from tickets.models import Ticket

__all__ = ["desk", "make_ticket"]
pytestmark = [pytest.mark.django_db, pytest.mark.capability("J20")]


@pytest.mark.parametrize(("rows", "words"), [(3, "3 工单"), (4, "超过 3 条")])
def test_a_list_is_counted_as_far_as_anybody_leafs(
    admin: User, make_ticket: Callable[..., Ticket], monkeypatch: pytest.MonkeyPatch, rows: int, words: str
) -> None:
    monkeypatch.setattr(BoundedPaginator, "MOST", 3)
    for _number in range(rows):
        make_ticket()
    client = Client()
    client.force_login(admin, backend="crm.staff.backends.RoleBackend")
    with CaptureQueriesContext(connection) as captured:
        page: Any = client.get("/admin/tickets/ticket/")
    counts = [query["sql"] for query in captured if "COUNT(" in query["sql"] and "tickets_ticket" in query["sql"]]
    assert [" LIMIT 4" in sql for sql in counts] == [True]
    assert words in " ".join(page.content.decode().split())


@pytest.mark.parametrize(("rows", "pages"), [(0, 1), (10, 1), (11, 2), (25, 2)])
def test_pages_end_where_the_count_does(
    make_ticket: Callable[..., Ticket], monkeypatch: pytest.MonkeyPatch, rows: int, pages: int
) -> None:
    monkeypatch.setattr(BoundedPaginator, "MOST", 20)
    for _number in range(rows):
        make_ticket()
    paginator = BoundedPaginator(Ticket.objects.order_by("-id"), 10)
    assert (paginator.num_pages, paginator.is_cut) == (pages, rows > 20)
    assert len(paginator.page(pages).object_list) == (rows - (pages - 1) * 10 if rows <= 20 else 10)
