"""Procedures in the admin: templates are written, reviewed and published there; departments and duties are kept."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core.procedures.models import Department, Duty, Procedure, ProcedureVersion
from core.procedures.services import running
from crm.staff.models import User
from tests.workbench.conftest import desk, frozen, make_ticket
from tickets.models import ComplaintLevel, EscalationTrigger
from tickets.procedures import following

__all__ = ["desk", "frozen", "make_ticket"]

pytestmark = [pytest.mark.django_db, pytest.mark.capability("D13")]

STEPS = [{"key": "check", "title": "核对", "department": "service", "due": {"seconds": 3600}}]


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="crm.staff.backends.RoleBackend")
    return client


@pytest.fixture
def refund(db: None) -> Procedure:
    following.ensure_built_in()
    return Procedure.objects.select_related("live_version").get(key="refund")


def test_a_new_version_is_written_reviewed_and_published(refund: Procedure, lead: User, supervisor: User) -> None:
    page = browser(lead)
    form = {"item": refund.pk, "title": "退款处理", "note": "缩短", "valid_from_0": "", "valid_until_0": ""}
    add = reverse("admin:core_procedureversion_add")
    bad = page.post(add, form | {"steps": json.dumps([STEPS[0] | {"department": "x"}])})
    assert "没有部门" in bad.content.decode()
    assert page.post(add, form | {"steps": json.dumps(STEPS)}).status_code == 302
    draft = ProcedureVersion.objects.get(item=refund, number=2)
    assert "1. 核对（客服，1 小时）" in draft.body
    change = reverse("admin:core_procedureversion_change", args=[draft.pk])
    same = {"title": draft.title, "steps": json.dumps(STEPS), "note": "缩短", "valid_from_0": "", "valid_until_0": ""}
    assert page.post(change, same | {"core_procedureversion_submit": "1"}).status_code == 302
    for verb in ("approve", "publish"):
        assert browser(supervisor).post(change, {f"core_procedureversion_{verb}": "1"}).status_code == 302
    refund.refresh_from_db()
    assert refund.live_version_id == draft.pk


def test_departments_and_duties_are_kept_by_their_services(refund: Procedure, supervisor: User, agent: User) -> None:
    page = browser(supervisor)
    product = Department.objects.get(key="product")
    address = reverse("admin:core_department_change", args=[product.pk])
    assert page.post(address, {"name": "产品部", "members": [agent.pk], "is_active": "on"}).status_code == 302
    assert list(Department.objects.get(pk=product.pk).members.all()) == [agent]
    values = {"procedure": Procedure.objects.get(key="complaint").pk, "category": "发票", "responsible": product.pk}
    add = reverse("admin:core_duty_add")
    assert page.post(add, values | {"step": "investigate", "consulted": ["finance"]}).status_code == 302
    assert Duty.objects.get(category="发票").consulted == ["finance"]
    refused = page.post(add, values | {"category": "水果", "step": "sing"})
    assert (refused.status_code, "没有步骤" in refused.content.decode()) == (200, True)
    assert refused.context["adminform"].form["category"].value() == "水果"


BAD_STEPS = [
    ("[" * 5000, "嵌套超过 50 层"),
    ('[{"key": "check"', "不是有效的 JSON：第 1 行第 17 个字符起读不下去"),
    ('[{"key": "check", "key": "again"}]', "key：同一字段出现了多次"),
    ('[{"key": "\\u0000"}]', "0.key：含有不允许的字符"),
    ('[{"due": NaN}]', "不接受 NaN"),
    ('[{"key": 1e999}]', "0.key：数字超出范围"),
    ("3", "至少填写一个步骤"),
    ("", "必填"),
]


@pytest.mark.parametrize(("steps", "sentence"), BAD_STEPS)
def test_steps_that_are_no_json_are_told_and_shown_as_they_were_typed(
    refund: Procedure, lead: User, steps: str, sentence: str
) -> None:
    form = {"item": refund.pk, "title": "退款处理", "note": "", "valid_from_0": "", "valid_until_0": "", "steps": steps}
    answer = browser(lead).post(reverse("admin:core_procedureversion_add"), form)
    told = answer.context["adminform"].form
    assert sentence in " ".join(str(one) for ones in told.errors.values() for one in ones)
    assert steps in answer.content.decode().replace("&quot;", '"')
    assert ProcedureVersion.objects.filter(item=refund).count() == 1


def test_every_page_opens(refund: Procedure, supervisor: User, admin: User, make_ticket: Any) -> None:
    ticket = make_ticket("退款")
    run = running.start(procedure=refund, subject_id=ticket.pk, actor=None)
    main = running.open_main(run)
    assert main is not None
    rows: dict[str, Any] = {
        "department": Department.objects.first(),
        "procedure": refund,
        "procedureversion": refund.live_version,
    }
    rows |= {"duty": Duty.objects.first(), "procedurerun": run, "proceduretask": main}
    page = browser(admin)
    for name, row in rows.items():
        assert row is not None
        assert page.get(reverse(f"admin:core_{name}_changelist")).status_code == 200
        assert page.get(reverse(f"admin:core_{name}_change", args=[row.pk])).status_code == 200
    assert page.get(reverse("admin:core_taskhandover_changelist")).status_code == 200
    for model in (ComplaintLevel, EscalationTrigger):
        word = model._meta.model_name
        assert page.get(reverse(f"admin:tickets_{word}_changelist")).status_code == 200
    for name in ("complaintgrade", "escalation"):
        assert page.get(reverse(f"admin:tickets_{name}_changelist")).status_code == 200
