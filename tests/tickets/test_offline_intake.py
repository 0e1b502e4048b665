"""Complaints written down while the system was away: looked at first, then imported once, with their own times."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client

from core import clock
from core.errors import Conflict, InvalidInput, NotAllowed, TooLarge
from core.events import Event
from core.outbox.delivery import deliver_due
from crm.staff.models import User
from tests.tickets.conftest import MONDAY_NINE
from tests.workbench.conftest import browser, text
from tickets.models import ImportBatch, ImportRow, SLAClock, Ticket
from tickets.services import import_batches, intake

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk"), pytest.mark.capability("B16")]

HEAD = "渠道,外部编号,内容,手机号,姓名,订单号,发生时间"
WRITTEN = "2026-11-16 06:00"
GOOD = f"taobao,offline-1,榨汁机坏了,13800138000,陈女士,D1,{WRITTEN}"
WRONG = f"taobao,offline-2,没有号码,12345,陈女士,D1,{WRITTEN}"
Put = Callable[..., SimpleUploadedFile]


def put(*lines: str, name: str = "登记.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, "\r\n".join([HEAD, *lines]).encode())


@pytest.fixture(autouse=True)
def _morning(frozen: Any) -> None:
    """Monday nine o'clock."""


def checked(lead: User, *lines: str) -> ImportBatch:
    return import_batches.check_file(upload=put(*lines), actor=lead)


def states(batch: ImportBatch) -> list[str]:
    return list(batch.rows.order_by("line").values_list("state", flat=True))


def imported(batch: ImportBatch, lead: User) -> None:
    import_batches.confirm(batch=batch, actor=lead)
    deliver_due()


def test_the_dry_run_writes_no_ticket_and_names_the_fields_at_fault(lead: User) -> None:
    batch = checked(lead, GOOD, WRONG)
    assert states(batch) == ["ready", "wrong"]
    [error] = import_batches.errors_of(batch)
    assert (error.line, error.field) == (3, "customer.phone")
    assert not Ticket.objects.exists()


def test_confirming_imports_the_good_lines_only(lead: User) -> None:
    batch = checked(lead, GOOD, WRONG)
    imported(batch, lead)
    assert states(batch) == ["imported", "wrong"]
    assert Ticket.objects.get().customer.name == "陈女士"
    assert import_batches.progress_of(batch).share == 100


def test_promises_count_from_the_moment_it_was_written_down(lead: User) -> None:
    imported(checked(lead, GOOD), lead)
    ticket = Ticket.objects.get()
    written = datetime(2026, 11, 15, 22, 0, tzinfo=UTC)
    assert ticket.occurred_at == written
    assert SLAClock.objects.get(metric="first_response").started_at == written
    assert ticket.first_response_due_at == written + timedelta(hours=1) < clock.now() == MONDAY_NINE


def test_the_same_file_again_makes_nothing(lead: User) -> None:
    imported(checked(lead, GOOD), lead)
    again = checked(lead, GOOD)
    assert states(again) == ["known"]
    assert again.rows.get().ticket == Ticket.objects.get()


def test_what_the_customer_sent_meanwhile_another_way_is_not_taken_twice(lead: User) -> None:
    given = intake.CustomerGiven(name="陈女士", phone="13800138000")
    request = intake.Request(channel="taobao", external_id="w-9", body="榨汁机坏了", order_no="D1", customer=given)
    online = intake.receive(request=request, actor=None).ticket
    batch = checked(lead, GOOD)
    assert states(batch) == ["known"]
    assert batch.rows.get().ticket == online


def test_what_came_in_between_looking_and_confirming_is_not_taken_twice(lead: User) -> None:
    batch = checked(lead, GOOD)
    given = intake.CustomerGiven(name="陈女士", phone="13800138000")
    request = intake.Request(channel="taobao", external_id="w-9", body="榨汁机坏了", order_no="D1", customer=given)
    online = intake.receive(request=request, actor=None).ticket
    imported(batch, lead)
    assert Ticket.objects.get() == online
    assert states(batch) == ["known"]


def test_a_repeated_delivery_finds_the_tickets_it_made(lead: User) -> None:
    batch = checked(lead, GOOD)
    imported(batch, lead)
    batch.rows.update(state="ready")
    import_batches.import_rows(batch.rows.values_list("pk", flat=True))
    assert Ticket.objects.count() == 1


def test_confirming_twice_is_refused(lead: User) -> None:
    batch = checked(lead, GOOD)
    import_batches.confirm(batch=batch, actor=lead)
    with pytest.raises(Conflict, match="已经确认"):
        import_batches.confirm(batch=batch, actor=lead)


def test_a_file_without_a_good_line_cannot_be_confirmed(lead: User) -> None:
    with pytest.raises(Conflict, match="没有可导入的行"):
        import_batches.confirm(batch=checked(lead, WRONG), actor=lead)


@pytest.mark.parametrize(
    ("upload", "error"),
    [
        pytest.param(SimpleUploadedFile("a.exe", b"MZ"), InvalidInput, id="kind"),
        pytest.param(put(), InvalidInput, id="no lines"),
        pytest.param(SimpleUploadedFile("a.xlsx", b"not a sheet"), InvalidInput, id="broken sheet"),
        pytest.param(put(*[GOOD] * 2001), TooLarge, id="too many lines"),
        pytest.param(SimpleUploadedFile("a.csv", b"x" * (5 * 1024 * 1024 + 1)), TooLarge, id="too large"),
    ],
)
def test_files_that_cannot_be_taken_are_refused_whole(lead: User, upload: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        import_batches.check_file(upload=upload, actor=lead)
    assert not ImportBatch.objects.exists()


def test_agents_do_not_import(agent: User) -> None:
    with pytest.raises(NotAllowed):
        checked(agent, GOOD)


def test_what_is_stored_of_a_file_is_encrypted_and_events_tell_no_names(lead: User) -> None:
    batch = checked(lead, GOOD, WRONG)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(encode(payload || errors, 'escape'), '') FROM tickets_importrow")
        [stored] = cursor.fetchone()
    assert "13800138000" not in stored
    assert "陈女士" not in str(Event.objects.filter(subject_type="import_batch", subject_id=batch.pk).values_list())


# Pages


def test_a_person_uploads_looks_and_confirms(lead: User) -> None:
    person = browser(lead)
    page = text(person.get("/offline/"))
    assert "离线登记表" in page
    assert "complaints.csv" in page
    looked = text(person.post("/offline/", {"file": put(GOOD, WRONG)}, follow=True))
    assert "试算结果，尚未写入" in looked
    assert "customer.phone" in looked
    batch = ImportBatch.objects.get()
    assert "正在导入" in text(person.post(f"/offline/{batch.pk}/confirm/", follow=True))
    deliver_due()
    assert "已导入 1 行" in text(person.get(f"/offline/{batch.pk}/"))


def test_errors_come_as_a_file(lead: User) -> None:
    batch = checked(lead, GOOD, WRONG)
    answer = browser(lead).get(f"/offline/{batch.pk}/errors.csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[1][:2] == ["3", "customer.phone"]


def test_a_bad_file_is_answered_beside_the_field(lead: User) -> None:
    answer = browser(lead).post("/offline/", {"file": SimpleUploadedFile("a.exe", b"MZ")})
    assert "请上传 CSV、XLSX 或 JSONL 文件。" in text(answer, 422)


def test_the_files_of_others_do_not_exist(lead: User, supervisor: User) -> None:
    batch = checked(lead, GOOD)
    assert browser(supervisor).get(f"/offline/{batch.pk}/").status_code == 404


# The form that works without a server


def test_the_template_has_the_columns_that_the_import_knows(lead: User) -> None:
    path = finders.find("tickets/offline/complaints.csv")
    assert isinstance(path, str)
    head = Path(path).read_text(encoding="utf-8-sig").strip()
    line = f"phone,offline-7,,没人接电话,,,,王先生,13900139000,,{WRITTEN},,"
    upload = SimpleUploadedFile("模板.csv", f"{head}\r\n{line}".encode("utf-8-sig"))
    batch = import_batches.check_file(upload=upload, actor=lead)
    assert states(batch) == ["ready"]
    assert intake.Request.loads(ImportRow.objects.get().payload or "").customer.name == "王先生"


def test_the_offline_form_needs_nothing_from_anywhere() -> None:
    path = finders.find("tickets/offline/complaints.html")
    assert isinstance(path, str)
    page = Path(path).read_text()
    assert "http://" not in page
    assert "https://" not in page
    assert " src=" not in page


# A desk that can only be read


def test_the_public_form_says_that_nothing_can_be_saved_and_keeps_the_words(client: Client) -> None:
    given = {"body": "杯子碎了", "phone": "13800138000", "form_id": "a" * 24}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        answer = client.post("/complain/", given)
        transaction.set_rollback(True)
    page = text(answer, 503)
    assert "投诉没有提交" in page
    assert "complaints.html" in page
    assert "杯子碎了" in page


def test_programs_are_told_too(client: Client) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        answer = client.post(
            "/api/v1/public/complaints/", {"body": "杯子碎了", "phone": "13800138000"}, "application/json"
        )
        transaction.set_rollback(True)
    assert answer.status_code == 503
    assert "只能查看" in answer.json()["message"]
