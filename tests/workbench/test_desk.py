"""The desk of one ticket at the browser."""

from collections.abc import Callable

import pytest

from crm.staff.models import User
from tests.workbench.conftest import browser
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
Make = Callable[..., Ticket]

CHANGES = (
    ("send/", {"kind": "reply", "body": "您好"}, "您没有回复工单的权限。"),
    ("do/escalate/", {"reason": "催促"}, "您没有流转工单的权限。"),
    ("edit/", {"type": "complaint"}, "您没有修改工单的权限。"),
)


@pytest.mark.parametrize(("address", "values", "sentence"), CHANGES)
def test_who_only_looks_is_refused_with_a_sentence(
    make_ticket: Make, auditor: User, address: str, values: dict[str, str], sentence: str
) -> None:
    ticket = make_ticket()
    page = browser(auditor)
    answer = page.post(f"/desk/{ticket.number}/{address}", values)
    assert answer.status_code == 403
    assert sentence in answer.content.decode()
    fragment = page.post(f"/desk/{ticket.number}/{address}", values, headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment.json()["message"]) == (403, sentence)
    assert ticket.messages.count() == 1
