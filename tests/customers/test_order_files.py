"""Orders come in and go out as files: documented titles, readable refusals, the same again changes nothing (D14)."""

import csv
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook
from rest_framework.test import APIClient

from core.errors import InvalidInput, TooLarge
from core.events import Event
from crm.staff.models import User
from crm.staff.services import issue_token
from customers.models import Order, Shop
from customers.order_files import EXPORT_COLUMNS, import_file
from customers.shipments.files import import_file as import_parcels
from tests.workbench.conftest import browser, no_export_limit, text

__all__ = ["no_export_limit"]
pytestmark = [pytest.mark.django_db, pytest.mark.capability("D14")]

HEAD = "店铺编码,订单号,状态,下单时间,实付金额,客户姓名,手机号,商品编码,商品名称,数量,单价"
CUP = "own,A-1,已签收,2026/11/18 10:00,128,陈静,13800138000,CUP,玻璃杯,2,49.50"
BRUSH = "own,A-1,已签收,2026/11/18 10:00,128,陈静,13800138000,BRUSH,杯刷,1,29"
RUG = "own,A-2,paid,2026-11-18 11:00,59,王磊,13900139000,RUG,地垫,1,59"
SAMPLE = Path("customers/static/customers/orders/orders.csv")


@pytest.fixture(autouse=True)
def shop(db: None) -> Shop:
    return Shop.objects.create(key="own", name="官网", platform="own")


def file(*lines: str, encoding: str = "utf-8-sig", name: str = "订单.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, "\n".join([HEAD, *lines]).encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_lines_of_one_number_are_one_order_with_its_goods(agent: User, encoding: str) -> None:
    result = import_file(upload=file(CUP, BRUSH, RUG, encoding=encoding), actor=agent)
    assert (result.lines, result.taken, result.made, result.errors) == (3, 2, 2, [])
    order = Order.objects.get(order_no="A-1")
    assert (order.status, str(order.paid), str(order.total), order.customer.name) == (
        "signed",
        "128.00",
        "128.00",
        "陈静",
    )
    assert [(item.sku, item.quantity) for item in order.items.all()] == [("CUP", 2), ("BRUSH", 1)]


def test_the_same_file_again_changes_nothing_and_makes_no_history(agent: User) -> None:
    import_file(upload=file(CUP, BRUSH), actor=agent)
    before = Event.objects.count()
    again = import_file(upload=file(CUP, BRUSH), actor=agent)
    assert (again.taken, again.made, Order.objects.count(), Event.objects.count()) == (1, 0, 1, before)
    dearer = import_file(upload=file(CUP.replace(",128,", ",120,"), BRUSH.replace(",128,", ",120,")), actor=agent)
    assert (dearer.made, str(Order.objects.get().paid)) == (0, "120.00")


def test_a_wrong_header_names_what_is_missing_and_what_is_unknown(agent: User) -> None:
    wrong = SimpleUploadedFile("订单.csv", "订单号,实付金\nA-1,3\n".encode())
    with pytest.raises(InvalidInput) as refused:
        import_file(upload=wrong, actor=agent)
    sentence = refused.value.fields["file"][0]
    assert "表头缺少：店铺编码。" in sentence
    assert "不认识的列：实付金。" in sentence
    assert "商品编码" in sentence
    assert refused.value.code == "wrong_header"


def test_bad_lines_are_named_one_by_one_and_the_others_are_written(agent: User) -> None:
    lines = [
        CUP,  # 2: its order has a bad line, so it is not written
        BRUSH.replace(",29", ",-29"),  # 3
        RUG,  # 4
        "none,A-3,paid,,,,13900139000,RUG,,1,5",  # 5
        "own,A-4,flying,,,,13900139000,RUG,,1,5",  # 6
        'own,A-5,"paid,,,,,,,',  # 7
        "own,A-2,signed,2026-11-18 11:00,59,王磊,13900139000,RUG,地垫,1,59",  # 8: differs from line 4
        "own,A-6,paid,2026-13-45,,,13900139000,RUG,,x,5",  # 9
        "own,A-7,paid,,,,,RUG,,1,5",  # 10
    ]
    result = import_file(upload=file(*lines), actor=agent)
    found = [(error.line, error.field) for error in result.errors]
    assert found == [
        (3, "price"), (5, "shop"), (6, "status"), (7, ""), (8, "status"), (9, "ordered_at"), (9, "quantity"),
        (10, "customer"),
    ]  # fmt: skip
    assert "第 4 行" in result.errors[4].reason
    assert (result.taken, Order.objects.count()) == (0, 0)


def test_other_kinds_and_sizes_are_refused(agent: User, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match="CSV、XLSX"):
        import_file(upload=SimpleUploadedFile("订单.exe", b"x"), actor=agent)
    monkeypatch.setattr("customers.order_files.MOST_ROWS", 1)
    with pytest.raises(TooLarge, match="最多导入 1 行"):
        import_file(upload=file(CUP, RUG), actor=agent)


def test_a_spreadsheet_keeps_its_numbers(agent: User) -> None:
    book = Workbook()
    book.active.append(HEAD.split(","))  # type: ignore[union-attr]
    book.active.append(["own", 20261118001, "已付款", None, 99, "陈静", 13800138000.0, "CUP", "杯子", 1, 99])  # type: ignore[union-attr]
    kept = BytesIO()
    book.save(kept)
    result = import_file(upload=SimpleUploadedFile("订单.xlsx", kept.getvalue()), actor=agent)
    assert result.errors == []
    assert (Order.objects.get().order_no, Order.objects.get().customer.phone) == ("20261118001", "13800138000")


def test_the_sample_can_be_imported_and_covers_the_titles_of_the_export(agent: User) -> None:
    Shop.objects.create(key="mht-own", name="梅花糖", platform="own")
    result = import_file(upload=SimpleUploadedFile("orders.csv", SAMPLE.read_bytes()), actor=agent)
    assert (result.taken, result.errors) == (2, [])
    titles = next(csv.reader([SAMPLE.read_text(encoding="utf-8-sig").splitlines()[0]]))
    assert {str(column.title) for column in EXPORT_COLUMNS} <= set(titles)


@pytest.mark.usefixtures("no_export_limit")
def test_people_and_systems_bring_in_and_take_out(supervisor: User, agent: User) -> None:
    person = browser(supervisor)
    assert "已写入 2 张订单" in text(person.post("/orders/import/", {"file": file(CUP, BRUSH, RUG)}))
    assert "表头缺少" in text(person.post("/orders/import/", {"file": SimpleUploadedFile("a.csv", b"a,b\n1,2\n")}), 422)
    exported = person.get("/orders/export/?from=2026-11-18&to=2026-11-18")
    rows = list(csv.reader(b"".join(exported.streaming_content).decode("utf-8-sig").splitlines()))
    assert [row[1] for row in rows[1:-1]] == ["A-2", "A-1", "A-1"]
    assert rows[2][9:11] == ["陈*", "138****8000"]
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {issue_token(user=supervisor, name='t', actor=supervisor)[1]}")
    answer: Any = client.post("/api/v1/orders/import/", {"file": file(CUP, BRUSH.replace(",1,", ",0,"))})
    assert (answer.status_code, answer.json()["taken"]) == (200, 0)
    assert answer.json()["errors"][0]["field"] == "quantity"
    wrong = client.post("/api/v1/orders/import/", {"file": SimpleUploadedFile("a.csv", b"a,b\n1,2\n")})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "wrong_header")
    assert client.get("/api/v1/orders/export/?from=someday").status_code == 400
    client.credentials(HTTP_AUTHORIZATION=f"Token {issue_token(user=agent, name='t', actor=agent)[1]}")
    assert client.get("/api/v1/orders/export/").status_code == 403


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ('{"shop": ["own"], "order_no": "A-1"}', "shop"),
        ('{"shop": "own", "order_no": {"a": 1}}', "order_no"),
        ('{"shop": "own", "order_no": "A\\u0000"}', "order_no"),
        ('{"shop": "own\\ud800", "order_no": "A-1"}', "shop"),
        ('{"shop": "own", "order_no": ' + "9" * 400 + "}", "order_no"),
    ],
)
def test_a_line_of_json_with_anything_in_it_is_refused_by_its_field(agent: User, line: str, field: str) -> None:
    good = '{"shop": "own", "order_no": "A-9", "customer.name": "陈静", "customer.phone": "13800138000"}'
    upload = SimpleUploadedFile("订单.jsonl", f"{line}\n{good}".encode())
    result = import_file(upload=upload, actor=agent)
    assert (result.taken, [(one.line, one.field) for one in result.errors]) == (1, [(1, field)])


def test_a_parcel_with_a_sign_no_column_keeps_is_refused_by_its_field(agent: User) -> None:
    line = '{"shop": "own\\u0000", "order_no": "A-1", "carrier": "顺丰", "tracking_no": "SF1234567890123"}'
    result = import_parcels(upload=SimpleUploadedFile("物流.jsonl", line.encode()), actor=agent)
    assert [(one.line, one.field) for one in result.errors] == [(1, "shop")]
