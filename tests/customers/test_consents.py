"""The ledger of consents: what was said, by whom, in which words; never changed, one truth about contact."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.test import Client

from core.errors import Conflict, InvalidInput
from core.events import Event
from core.events.models import AppendOnlyError
from customers.choices import ConsentPurpose
from customers.models import ConsentRecord, Customer, CustomerSettings
from customers.services import (
    create_customer,
    merge_customers,
    preview_merge,
    record_consent,
    unmerge_customers,
    update_customer,
    withdraw_consent,
)
from customers.services.consents import PurposeState, check_may_ask, consents_of
from tickets.services.progress import anonymous_customer

pytestmark = [pytest.mark.django_db, pytest.mark.capability("A24")]
NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)
SMS = ConsentPurpose.MARKETING_SMS
WORDS = {"channel": "phone", "wording": "是否同意接收优惠短信？", "wording_version": "3", "evidence": "录音 88"}


@pytest.fixture
def at_noon() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def customer(db: None) -> Customer:
    return create_customer(actor=None, changes={"name": "李娜"})


def state(customer: Customer, purpose: str = SMS) -> PurposeState:
    return next(found for found in consents_of(customer).purposes if found.purpose == purpose)


def grant(customer: Customer, actor: Any = None, **told: Any) -> ConsentRecord:
    values = {"purpose": SMS, "decision": "granted", **WORDS, **told}
    return record_consent(customer=customer, actor=actor, **values)


def test_a_yes_keeps_words_version_evidence_way_moment_and_who_noted_it(
    customer: Customer, agent: Any, at_noon: Any
) -> None:
    row = grant(customer, agent, is_asked=True)
    assert (row.wording, row.wording_version, row.evidence, row.channel) == (*list(WORDS.values())[1:], "phone")
    assert (row.actor, row.at, row.is_asked) == (agent, NOON, True)
    assert state(customer).is_allowed
    event = Event.objects.get(kind="customer.consent_recorded")
    assert event.payload["purpose"] == "marketing_sms"
    assert "录音" not in str(event.payload)


@pytest.mark.capability("A01")
def test_nothing_is_allowed_unasked_but_contact_about_service(customer: Customer) -> None:
    allowed = {found.purpose for found in consents_of(customer).purposes if found.is_allowed}
    assert allowed == {ConsentPurpose.CONTACT}
    assert consents_of(customer).history == []


def test_one_purpose_says_nothing_about_another(customer: Customer) -> None:
    grant(customer)
    assert not state(customer, ConsentPurpose.MARKETING_CALL).is_allowed


def test_a_withdrawal_holds_at_once_and_twice_is_one(customer: Customer, agent: Any) -> None:
    grant(customer)
    first = withdraw_consent(customer=customer, actor=agent, purpose=SMS)
    assert withdraw_consent(customer=customer, actor=agent, purpose=SMS) == first
    assert not state(customer).is_allowed
    assert ConsentRecord.objects.filter(customer=customer).count() == 2


@pytest.mark.parametrize("decision", ["refused", "withdrawn"])
def test_nobody_asks_again_within_ninety_days_of_a_no(customer: Customer, at_noon: Any, decision: str) -> None:
    record_consent(customer=customer, actor=None, purpose=SMS, decision=decision, channel="phone", is_asked=True)
    at_noon.shift(timedelta(days=90) - timedelta(seconds=1))
    with pytest.raises(Conflict, match="90 天内不得再次询问") as refused:
        grant(customer, is_asked=True)
    assert (refused.value.code, list(refused.value.fields)) == ("consent_cool_down", ["purpose"])
    check_may_ask(customer=customer, purpose=ConsentPurpose.MARKETING_CALL)
    at_noon.shift(timedelta(seconds=1))
    assert grant(customer, is_asked=True).decision == "granted"


def test_the_rest_is_a_setting(customer: Customer, at_noon: Any) -> None:
    CustomerSettings.objects.create(pk=1, consent_rest_days=10)
    withdraw_consent(customer=customer, actor=None, purpose=SMS)
    at_noon.shift(timedelta(days=10))
    check_may_ask(customer=customer, purpose=SMS)


def test_a_customer_who_comes_by_themselves_may_say_yes_any_time(customer: Customer) -> None:
    withdraw_consent(customer=customer, actor=None, purpose=SMS)
    assert grant(customer, is_asked=False).decision == "granted"
    assert state(customer).rests_until is None


def test_a_paper_noted_late_does_not_overtake_a_later_withdrawal(customer: Customer, at_noon: Any) -> None:
    withdraw_consent(customer=customer, actor=None, purpose=SMS)
    grant(customer, channel="paper", at=NOON - timedelta(days=1))
    assert not state(customer).is_allowed


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"wording": " "}, "wording"),
        ({"purpose": "everything"}, "purpose"),
        ({"decision": "maybe"}, "decision"),
        ({"channel": "pigeon"}, "channel"),
        ({"at": NOON + timedelta(seconds=1)}, "at"),
        ({"wording": "字" * 2001}, "wording"),
        ({"evidence": "字" * 301}, "evidence"),
    ],
)
def test_bad_statements_are_refused_by_name(customer: Customer, at_noon: Any, told: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        grant(customer, **told)
    assert list(refused.value.fields) == [field]
    assert not ConsentRecord.objects.exists()


def test_evidence_keeps_no_phone_number(customer: Customer) -> None:
    assert "13800138000" not in grant(customer, evidence="来电 13800138000").evidence


class TestAppendOnly:
    def test_the_model_refuses_changes(self, customer: Customer) -> None:
        row = grant(customer)
        for change in (
            row.save,
            row.delete,
            ConsentRecord.objects.all().delete,
            lambda: ConsentRecord.objects.update(decision="refused"),
        ):
            with pytest.raises(AppendOnlyError):
                change()

    def test_the_database_refuses_changes_but_lets_records_of_one_person_meet(self, customer: Customer) -> None:
        grant(customer)
        other = create_customer(actor=None, changes={"name": "李"})
        kept = import_module("customers.migrations.0004_consents_kept")
        with connection.cursor() as cursor:
            cursor.execute(kept.KEEP)
            for statement in (
                "UPDATE customers_consentrecord SET decision = 'refused'",
                "UPDATE customers_consentrecord SET at = now()",
                "DELETE FROM customers_consentrecord",
            ):
                with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                    cursor.execute(statement)
            cursor.execute("UPDATE customers_consentrecord SET customer_id = %s", [other.pk])
            cursor.execute(kept.KEEP_BACK)
        assert state(other).is_allowed

    def test_former_wishes_get_their_row(self, customer: Customer) -> None:
        Customer.objects.filter(pk=customer.pk).update(do_not_contact_at=NOON, do_not_contact_reason="来电要求")
        kept = import_module("customers.migrations.0004_consents_kept")
        with connection.cursor() as cursor:
            cursor.execute(kept.FORMER_WISHES)
        found = state(customer, ConsentPurpose.CONTACT)
        assert found.record is not None
        assert (found.decision, found.record.at, found.record.evidence) == ("withdrawn", NOON, "来电要求")


class TestContactWish:
    """The switch on the record and the ledger say the same, whichever was used."""

    def test_the_switch_writes_the_ledger(self, customer: Customer, agent: Any) -> None:
        update_customer(
            customer=customer, actor=agent, changes={"do_not_contact": True, "do_not_contact_reason": "来电要求"}
        )
        customer.refresh_from_db()
        found = state(customer, ConsentPurpose.CONTACT)
        assert found.record is not None
        assert (found.decision, found.record.evidence, found.record.actor) == ("withdrawn", "来电要求", agent)
        assert found.record.at == customer.do_not_contact_at
        update_customer(customer=customer, actor=agent, changes={"do_not_contact": False})
        assert state(customer, ConsentPurpose.CONTACT).is_allowed

    def test_the_switch_left_alone_writes_nothing(self, customer: Customer, agent: Any) -> None:
        changes: Any = {"do_not_contact": True}
        update_customer(customer=customer, actor=agent, changes=changes)
        update_customer(customer=customer, actor=agent, changes=changes | {"level": "金卡"})
        assert ConsentRecord.objects.filter(customer=customer).count() == 1

    def test_a_new_record_with_the_switch_writes_the_ledger(self) -> None:
        made = create_customer(actor=None, changes={"name": "周", "do_not_contact": True})
        assert not state(made, ConsentPurpose.CONTACT).is_allowed

    def test_the_ledger_sets_the_switch(self, customer: Customer, at_noon: Any) -> None:
        withdraw_consent(customer=customer, actor=None, purpose="contact", evidence="录音 9")
        customer.refresh_from_db()
        assert (customer.do_not_contact_at, customer.do_not_contact_reason) == (NOON, "录音 9")
        grant(customer, purpose="contact")
        customer.refresh_from_db()
        assert (customer.do_not_contact_at, customer.do_not_contact_reason) == (None, "")

    def test_an_anonymous_complaint_is_in_the_ledger(self) -> None:
        stranger = anonymous_customer()
        assert stranger.do_not_contact_at is not None
        assert not state(stranger, ConsentPurpose.CONTACT).is_allowed


@pytest.mark.capability("A03")
class TestMerging:
    def test_the_last_word_holds_for_the_one_person_and_returns_with_the_undo(
        self, customer: Customer, lead: Any, at_noon: Any
    ) -> None:
        target = create_customer(actor=None, changes={"name": "李"})
        withdraw_consent(customer=target, actor=None, purpose="contact")
        at_noon.shift(timedelta(days=1))
        grant(customer, purpose="contact")
        grant(customer)
        line = next(row for row in preview_merge(source=customer, target=target) if row.field == "do_not_contact_at")
        assert (line.keeps, line.is_choosable) == ("source", False)
        merge = merge_customers(source=customer, target=target, actor=lead)
        target.refresh_from_db()
        assert target.do_not_contact_at is None
        assert state(target).is_allowed
        assert target.consents.count() == 3
        unmerge_customers(merge=merge, actor=lead)
        target.refresh_from_db()
        customer.refresh_from_db()
        assert (target.do_not_contact_at, customer.do_not_contact_at) == (NOON, None)
        assert (target.consents.count(), customer.consents.count()) == (1, 2)

    def test_a_no_of_either_is_not_lost_and_cannot_be_chosen_away(self, customer: Customer, lead: Any) -> None:
        target = create_customer(actor=None, changes={"name": "李"})
        withdraw_consent(customer=customer, actor=None, purpose="contact")
        customer.refresh_from_db()
        with pytest.raises(InvalidInput):
            merge_customers(source=customer, target=target, actor=lead, choices={"do_not_contact_at": "target"})
        merge_customers(source=customer, target=target, actor=lead)
        target.refresh_from_db()
        assert target.do_not_contact_at == customer.do_not_contact_at


class TestEntryPoints:
    def browser(self, user: Any) -> Client:
        client = Client()
        client.force_login(user, backend="crm.staff.backends.RoleBackend")
        return client

    @pytest.mark.capability("A01")
    def test_the_panel_shows_what_holds_and_the_history(self, customer: Customer, agent: Any) -> None:
        browser = self.browser(agent)
        empty = browser.get(f"/customers/{customer.pk}/").content.decode()
        assert "客户还没有表示过" in empty
        answer = browser.post(
            f"/customers/{customer.pk}/consents/", {"purpose": "marketing_sms", "decision": "granted", **WORDS}
        )
        page = answer.content.decode()
        for words in ("营销短信", "录音 88", "是否同意接收优惠短信", agent.name):
            assert words in page, words
        withdrawn = browser.post(f"/customers/{customer.pk}/consents/marketing_sms/withdraw/").content.decode()
        assert "前不再询问" in withdrawn
        again = browser.post(
            f"/customers/{customer.pk}/consents/",
            {"purpose": "marketing_sms", "decision": "granted", "is_asked": "on", **WORDS},
        ).content.decode()
        assert "天内不得再次询问" in again
        assert browser.post(f"/customers/{customer.pk}/consents/all/withdraw/").status_code == 404

    def test_the_api_records_and_tells(self, customer: Customer, agent: Any) -> None:
        browser, url = self.browser(agent), f"/api/v1/customers/{customer.pk}/consents/"
        body = {"purpose": "marketing_sms", "decision": "granted", "is_asked": True, **WORDS}
        made = browser.post(url, body, content_type="application/json", headers={"Idempotency-Key": "c1"})
        assert (made.status_code, made.json()["decision"], made.json()["actor"]) == (201, "granted", agent.pk)
        browser.post(url, body, content_type="application/json", headers={"Idempotency-Key": "c1"})
        shown = browser.get(url).json()
        assert [row["id"] for row in shown["history"]] == [made.json()["id"]]
        sms = next(row for row in shown["purposes"] if row["purpose"] == "marketing_sms")
        assert sms == {
            "purpose": "marketing_sms",
            "purpose_name": "营销短信",
            "decision": "granted",
            "is_allowed": True,
            "rests_until": None,
        }
        no = {"purpose": "marketing_sms", "decision": "withdrawn", "channel": "sms"}
        assert browser.post(url, no, content_type="application/json").status_code == 201
        refused = browser.post(url, body, content_type="application/json")
        assert (refused.status_code, refused.json()["code"]) == (409, "consent_cool_down")
        wrong = browser.post(url, body | {"purpose": "all"}, content_type="application/json")
        assert (wrong.status_code, list(wrong.json()["fields"])) == (400, ["purpose"])
        assert browser.delete(url).status_code == 405

    def test_the_admin_only_shows(self, customer: Customer, admin: Any) -> None:
        row = grant(customer)
        browser = self.browser(admin)
        assert browser.get("/admin/customers/consentrecord/").status_code == 200
        assert browser.get(f"/admin/customers/consentrecord/{row.pk}/change/").status_code == 200
        assert browser.post(f"/admin/customers/consentrecord/{row.pk}/delete/").status_code == 403
        assert browser.post(f"/admin/customers/consentrecord/{row.pk}/change/", {}).status_code == 403
        assert browser.get("/admin/customers/consentrecord/add/").status_code == 403
