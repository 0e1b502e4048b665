"""Who is writing: one customer behind many channels."""

import threading
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.errors import InvalidInput
from core.events import Event
from customers.models import Customer, CustomerIdentity
from customers.normalisation import InvalidContact, check_email, check_phone
from customers.services import create_customer, merge_customers, resolve_customer

pytestmark = pytest.mark.django_db
PHONE = "13800138000"


@pytest.mark.parametrize(
    "written",
    ["13800138000", "+86 138 0013 8000", "86-13800138000", "１３８００１３８０００", "0086 138-0013-8000"],
)
def test_a_mobile_number_has_one_form(written: str) -> None:
    assert check_phone(written) == "13800138000"


@pytest.mark.parametrize("landline", ["010-88886666", "02188886666", "88886666", "4008001234", "0755-8888666转12"])
def test_landlines_are_refused_with_a_sentence(landline: str) -> None:
    with pytest.raises(InvalidContact) as refusal:
        check_phone(landline)
    assert "座机" in refusal.value.message


@pytest.mark.parametrize("wrong", ["12800138000", "1380013800", "138001380001", "abc", "１２３", "+1 415 555 2671"])
def test_other_numbers_are_refused(wrong: str) -> None:
    with pytest.raises(InvalidContact) as refusal:
        check_phone(wrong)
    assert "11 位" in refusal.value.message


def test_an_address_is_lower_case_and_checked() -> None:
    assert check_email(" Li.Na@Example.COM ") == "li.na@example.com"
    with pytest.raises(InvalidContact):
        check_email("li.na@")


@pytest.mark.capability("A03")
def test_one_customer_is_known_by_any_of_their_signs() -> None:
    first = resolve_customer(
        name="李娜", phone="138 0013 8000", email="li@example.com", external_ids={"taobao": "tb_1"}
    )
    assert resolve_customer(phone="+8613800138000") == first
    assert resolve_customer(email="LI@example.com") == first
    assert resolve_customer(external_ids={"taobao": "tb_1"}) == first
    assert Customer.objects.count() == 1


def test_a_known_customer_costs_at_most_two_statements() -> None:
    known = resolve_customer(name="李娜", phone="13800138000", external_ids={"taobao": "tb_1"})
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert resolve_customer(name="李娜", phone="13800138000", external_ids={"taobao": "tb_1"}) == known
    assert len(queries) <= 2
    with CaptureQueriesContext(connection) as queries:
        assert resolve_customer(phone="13800138000") == known
    assert len(queries) == 1


def test_new_signs_are_added_to_the_known_customer_and_nothing_is_overwritten() -> None:
    known = resolve_customer(name="李娜", phone="13800138000")
    assert resolve_customer(name="别的名字", phone="13800138000", external_ids={"jd": "jd_9"}) == known
    known.refresh_from_db()
    assert known.name == "李娜"
    assert resolve_customer(external_ids={"jd": "jd_9"}) == known


@pytest.mark.capability("A03")
def test_an_account_wins_over_a_phone_that_is_somebody_elses_and_nothing_is_merged() -> None:
    by_phone = resolve_customer(name="甲", phone="13800138000")
    by_account = resolve_customer(name="乙", external_ids={"taobao": "tb_2"})
    for _again in range(2):
        assert resolve_customer(phone="13800138000", external_ids={"taobao": "tb_2"}) == by_account
    by_account.refresh_from_db()
    assert by_account.phone == ""
    assert Customer.objects.standing().count() == 2
    told = Event.objects.get(kind="customer.identity_conflict")
    assert (told.subject_id, told.payload) == (by_account.pk, {"other": by_phone.pk, "by": "phone"})


def test_two_accounts_of_one_platform_behind_one_phone_stay_two_customers() -> None:
    first = resolve_customer(phone="13800138000", external_ids={"taobao": "tb_1"})
    second = resolve_customer(phone="13800138000", external_ids={"taobao": "tb_2"})
    assert first != second
    assert Event.objects.filter(kind="customer.identity_conflict", subject_id=second.pk).exists()


def test_given_nothing_an_anonymous_customer_is_made() -> None:
    customer = resolve_customer()
    assert customer.is_anonymous
    assert resolve_customer() != customer


def test_a_wrong_phone_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput) as refusal:
        resolve_customer(name="李娜", phone="010-88886666")
    assert list(refusal.value.fields) == ["phone"]


def test_a_channel_that_vouches_verifies_the_phone() -> None:
    customer = resolve_customer(phone="13800138000", verified=True)
    assert customer.phone_verified_at is not None
    assert resolve_customer(phone="13900139000").phone_verified_at is None


def test_a_merged_record_leads_to_the_one_that_stands(lead: Any) -> None:
    source = resolve_customer(phone="13800138000")
    target = resolve_customer(phone="13900139000")
    merge_customers(source=source, target=target, actor=lead)
    assert resolve_customer(phone="13800138000") == target
    assert resolve_customer(phone="13900139000") == target


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "signs", [{"phone": "13800138000"}, {"external_ids": {"taobao": "tb_1"}}, {"email": "a@example.com"}]
)
def test_many_first_messages_at_once_make_one_customer(signs: dict[str, Any]) -> None:
    found: list[int] = []
    start = threading.Barrier(6)

    def write() -> None:
        start.wait()
        try:
            found.append(resolve_customer(name="李娜", **signs).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1


def test_an_account_belongs_to_one_customer_only(agent: Any) -> None:
    create_customer(actor=agent, changes={"name": "甲"}, external_ids={"taobao": "tb_1"})
    assert CustomerIdentity.objects.filter(platform="taobao", external_id="tb_1").count() == 1
