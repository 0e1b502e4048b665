"""Who decides in one's place: named and ended by the person, on their own page and over HTTP."""

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from core import clock
from core.approvals.models import Substitution
from core.approvals.querysets import absent_people
from core.events import Event
from crm.staff.models import User
from tests.workbench.conftest import browser, frozen, text

__all__ = ["frozen"]
pytestmark = [pytest.mark.django_db, pytest.mark.capability("D09")]


def test_named_and_ended_on_one_s_own_page(supervisor: User, lead: User, agent: User, frozen: object) -> None:
    page = browser(supervisor)
    assert "指定代理人" in text(page.get("/profile/"))
    form = {"substitute": str(lead.pk), "starts_at": "", "ends_at": "2026-11-20T18:00"}
    wrong = text(page.post("/profile/substitutes/", {**form, "ends_at": "2026-11-15T18:00"}))
    assert "结束时间须晚于" in wrong
    assert 'value="2026-11-15T18:00"' in wrong
    assert "k-error" in text(page.post("/profile/substitutes/", {**form, "substitute": "x"}))
    assert page.post("/profile/substitutes/", form).status_code == 302
    row = Substitution.objects.get()
    Substitution.objects.update(starts_at=clock.now() - timedelta(hours=1))
    assert (row.person, row.substitute, row.starts_at) == (supervisor, lead, clock.now())
    assert absent_people(lead) == [supervisor]
    assert "您代理" in text(browser(lead).get("/profile/"))
    assert "指定代理人" not in text(browser(agent).get("/profile/"))
    assert page.post(f"/profile/substitutes/{row.pk}/end/").status_code == 302
    row.refresh_from_db()
    assert row.ends_at == clock.now()


def test_over_http_only_for_oneself_and_never_an_auditor(
    supervisor: User, admin: User, lead: User, auditor: User
) -> None:
    client = APIClient()
    client.force_authenticate(supervisor)
    until = (clock.now() + timedelta(days=3)).isoformat()
    asked = {"substitute": lead.pk, "ends_at": until}
    for change, field in (({"substitute": auditor.pk}, "substitute"), ({"substitute": supervisor.pk}, "substitute")):
        answer = client.post("/api/v1/substitutions/", {**asked, **change}, format="json")
        assert (answer.status_code, field in answer.json()["fields"]) == (400, True)
    client.force_authenticate(admin)
    made = client.post("/api/v1/substitutions/", {**asked, "person": supervisor.pk}, format="json")
    assert (made.status_code, made.json()["person"]["id"]) == (201, supervisor.pk)
    client.force_authenticate(supervisor)
    assert client.delete(f"/api/v1/substitutions/{made.json()['id']}/").status_code == 204
    assert Event.objects.filter(kind="approval.substitute_ended").count() == 1
    other = User.objects.get(pk=lead.pk)
    assert absent_people(other) == []
