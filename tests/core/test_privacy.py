"""Personal data at rest: J03 and J09."""

import base64
import os
import pickle
from typing import Any

import pytest
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.core.management import call_command
from django.db import connection, transaction

from core.errors import InvalidInput, NotAllowed
from core.events import Event
from core.privacy import PrivacyError, blind_index
from core.privacy.checks import privacy_keys
from core.privacy.cipher import decrypt, encrypt, key_id_of
from core.privacy.keys import key_ring
from core.privacy.rotation import key_usage, reindex, rotate_keys
from core.privacy.services import MANY_REVEALS, REVEAL_BURST, reveal
from crm.staff.models import User
from customers.models import Customer
from tests.core.samples import Sample, sample_tables  # noqa: F401

PHONE = "13812348000"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sample_tables")]


def new_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@pytest.fixture
def two_keys(settings: Any) -> tuple[str, str]:
    """k1 is in use; the second value is the ring with k2 in front of it."""
    one, two = new_key(), new_key()
    settings.PRIVACY_KEYS = f"k1:{one}"
    settings.PRIVACY_INDEX_KEY = new_key()
    return f"k1:{one}", f"k2:{two},k1:{one}"


def stored(sample: Sample, column: str = "phone") -> bytes:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM samples_sample WHERE id = %s", [sample.pk])  # noqa: S608
        return bytes(cursor.fetchone()[0])


@pytest.mark.capability("J03")
def test_stored_bytes_hold_neither_the_value_nor_two_equal_ciphertexts() -> None:
    one = Sample.objects.create(phone=PHONE, note="住在龙井路 1 号")
    two = Sample.objects.create(phone=PHONE)
    assert PHONE.encode() not in stored(one)
    assert "龙井路".encode() not in stored(one, "note")
    assert stored(one) != stored(two)
    with connection.cursor() as cursor:
        cursor.execute("SELECT s::text FROM samples_sample s")
        assert all(PHONE not in row for (row,) in cursor.fetchall())


def test_value_comes_back_after_save_bulk_create_and_deferred_loading() -> None:
    saved = Sample.objects.create(phone=PHONE, note="甲")
    [bulk] = Sample.objects.bulk_create([Sample(phone="13900001111", note=None)])
    assert Sample.objects.get(pk=saved.pk).phone == PHONE
    assert Sample.objects.defer("phone", "row_key").get(pk=saved.pk).phone == PHONE
    assert Sample.objects.only("title").get(pk=saved.pk).note == "甲"
    loaded = Sample.objects.get(pk=bulk.pk)
    assert (loaded.phone, loaded.note) == ("13900001111", None)
    saved.refresh_from_db()
    assert saved.phone == PHONE


def test_none_stays_none_and_empty_stays_empty() -> None:
    sample = Sample.objects.create(phone="", note=None)
    assert Sample.objects.filter(note__isnull=True, pk=sample.pk).exists()
    loaded = Sample.objects.get(pk=sample.pk)
    assert (loaded.phone, loaded.note, loaded.phone_index) == ("", None, "")


@pytest.mark.capability("J03")
def test_search_by_phone_works_through_the_keyed_hash() -> None:
    sample = Sample.objects.create(phone=PHONE)
    Sample.objects.create(phone="13900001111")
    assert list(Sample.objects.filter(phone_index=blind_index("phone", PHONE))) == [sample]
    assert Sample._meta.get_field("phone_index").digest(f" {PHONE} ") == sample.phone_index
    assert PHONE not in sample.phone_index
    assert blind_index("email", PHONE) != blind_index("phone", PHONE)


def test_blind_index_follows_save_update_fields_and_bulk_create() -> None:
    sample = Sample.objects.create(phone=PHONE)
    sample.phone = "13900001111"
    sample.save(update_fields=["phone"])
    assert Sample.objects.get(phone_index=blind_index("phone", "13900001111")) == sample
    reloaded = Sample.objects.get(pk=sample.pk)
    reloaded.title = "x"
    reloaded.save()
    assert Sample.objects.get(pk=sample.pk).phone_index == blind_index("phone", "13900001111")
    bulk = Sample.objects.bulk_create([Sample(phone="13700002222")])
    assert bulk[0].phone_index == blind_index("phone", "13700002222")
    changed, _created = Sample.objects.update_or_create(pk=sample.pk, defaults={"phone": "13600003333"})
    assert Sample.objects.get(phone_index=blind_index("phone", "13600003333")) == changed


def test_saving_an_untouched_row_keeps_the_stored_bytes() -> None:
    sample = Sample.objects.create(phone=PHONE)
    before = stored(sample)
    loaded = Sample.objects.get(pk=sample.pk)
    loaded.title = "changed"
    loaded.save()
    assert stored(sample) == before


@pytest.mark.capability("J03")
@pytest.mark.parametrize("target", ["other_row", "other_column"])
def test_ciphertext_moved_elsewhere_does_not_open(target: str) -> None:
    source = Sample.objects.create(phone=PHONE, note="n")
    victim = Sample.objects.create(phone="13900001111", note="n")
    with connection.cursor() as cursor:
        if target == "other_row":
            cursor.execute("UPDATE samples_sample SET phone = %s WHERE id = %s", [stored(source), victim.pk])
        else:
            cursor.execute("UPDATE samples_sample SET note = phone WHERE id = %s", [victim.pk])
    moved = Sample.objects.get(pk=victim.pk)
    with pytest.raises(PrivacyError):
        str(moved.phone if target == "other_row" else moved.note)


def test_changed_bytes_do_not_open() -> None:
    blob = bytearray(encrypt(PHONE, "t.c.1"))
    blob[-1] ^= 1
    with pytest.raises(PrivacyError):
        decrypt(bytes(blob), "t.c.1")


@pytest.mark.parametrize("lookup", ["phone", "phone__contains", "phone__icontains", "phone__in", "phone__startswith"])
def test_searching_the_encrypted_column_is_refused_with_a_hint(lookup: str) -> None:
    value: Any = [PHONE] if lookup.endswith("__in") else PHONE
    with pytest.raises(FieldError, match="blind index"):
        Sample.objects.filter(**{lookup: value}).exists()


def test_bulk_updates_of_encrypted_columns_are_refused() -> None:
    sample = Sample.objects.create(phone=PHONE)
    with pytest.raises(PrivacyError), transaction.atomic():
        Sample.objects.update(phone="13900001111")
    sample.phone = "13900001111"
    with pytest.raises(PrivacyError), transaction.atomic():
        Sample.objects.bulk_update([sample], ["phone"])
    Sample.objects.update(note=None)


def test_values_give_unread_ciphertext_that_prints_and_pickles_without_the_value() -> None:
    sample = Sample.objects.create(phone=PHONE)
    row_key, ciphertext = Sample.objects.values_list("row_key", "phone").get()
    assert PHONE not in f"{ciphertext} {ciphertext!r}"
    assert Sample._meta.get_field("phone").decrypt(ciphertext, row_key) == PHONE
    assert PHONE.encode() not in pickle.dumps(ciphertext)
    loaded = Sample.objects.get(pk=sample.pk)
    assert loaded.phone == PHONE
    assert PHONE.encode() not in pickle.dumps(loaded)


@pytest.mark.capability("J03")
def test_rotation_brings_every_value_under_the_new_key_and_reads_never_fail(
    settings: Any, two_keys: tuple[str, str]
) -> None:
    samples = Sample.objects.bulk_create([Sample(phone=f"138{number:08}", note="n") for number in range(25)])
    settings.PRIVACY_KEYS = two_keys[1]
    assert {sample.phone for sample in Sample.objects.all()} == {sample.phone for sample in samples}
    interrupted = iter(range(1))

    def stop_after_two(column: str, changed: int) -> None:
        if column.endswith(".phone") and changed >= 20:
            raise KeyboardInterrupt(next(interrupted))

    with pytest.raises(KeyboardInterrupt):
        rotate_keys(batch_size=10, models_to_rotate=[Sample], progress=stop_after_two)
    assert key_usage([Sample]) == {"k1": 30, "k2": 20}
    assert {sample.phone for sample in Sample.objects.all()} == {sample.phone for sample in samples}
    done = rotate_keys(batch_size=10, models_to_rotate=[Sample])
    assert [(column.column, column.changed) for column in done] == [
        ("samples_sample.phone", 5),
        ("samples_sample.note", 25),
    ]
    assert key_usage([Sample]) == {"k2": 50}
    settings.PRIVACY_KEYS = two_keys[1].split(",")[0]
    assert {sample.phone for sample in Sample.objects.all()} == {sample.phone for sample in samples}
    assert sum(column.changed for column in rotate_keys(models_to_rotate=[Sample])) == 0


def test_rotation_does_not_overwrite_what_was_written_meanwhile(
    settings: Any, two_keys: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.privacy import rotation

    sample = Sample.objects.create(phone=PHONE)
    settings.PRIVACY_KEYS = two_keys[1]
    replace = rotation.replace_values

    def write_first(field: Any, rows: Any) -> int:
        fresh = Sample.objects.get(pk=sample.pk)
        fresh.phone = "13900001111"
        fresh.save()
        return replace(field, rows)

    monkeypatch.setattr(rotation, "replace_values", write_first)
    rotate_keys(models_to_rotate=[Sample])
    assert Sample.objects.get(pk=sample.pk).phone == "13900001111"
    assert key_id_of(stored(sample)) == "k2"


def test_rotation_command_names_keys_that_are_still_needed(
    settings: Any, two_keys: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    customer = Customer.objects.create(name="王芳", phone=PHONE)
    settings.PRIVACY_KEYS = two_keys[1]
    call_command("rotate_privacy_keys", "--batch-size=1", "--reindex")
    out = capsys.readouterr().out
    assert "customers_customer.phone: 1 re-encrypted" in out
    assert "key k2: " in out
    assert "still needed" not in out
    assert Customer.objects.get(pk=customer.pk).phone == PHONE
    assert Event.objects.filter(kind="personal_data.keys_rotated").count() == 1


def test_reindex_serves_a_new_index_key(settings: Any) -> None:
    sample = Sample.objects.create(phone=PHONE)
    settings.PRIVACY_INDEX_KEY = new_key()
    assert not Sample.objects.filter(phone_index=blind_index("phone", PHONE)).exists()
    assert reindex(models_to_index=[Sample]) == {"samples.Sample": 1}
    assert Sample.objects.get(phone_index=blind_index("phone", PHONE)) == sample


def test_value_under_a_missing_key_says_which_key(settings: Any, two_keys: tuple[str, str]) -> None:
    sample = Sample.objects.create(phone=PHONE)
    settings.PRIVACY_KEYS = f"k9:{new_key()}"
    with pytest.raises(PrivacyError, match="'k1' is not in KEAN_PRIVACY_KEYS"):
        str(Sample.objects.get(pk=sample.pk).phone)


@pytest.mark.parametrize("ring", ["k1", "k1:short", "k1:" + base64.b64encode(b"x" * 16).decode(), "a:b,a:b", "键:x"])
def test_malformed_keys_are_refused_with_a_sentence(settings: Any, ring: str) -> None:
    settings.PRIVACY_KEYS = ring
    with pytest.raises(ImproperlyConfigured, match="KEAN_PRIVACY_KEYS"):
        key_ring()


def test_missing_keys_are_a_loud_check_outside_development(settings: Any) -> None:
    settings.PRIVACY_KEYS = settings.PRIVACY_INDEX_KEY = ""
    settings.PRIVACY_KEYS_DERIVED = False
    assert [message.id for message in privacy_keys(None)] == ["core.E102", "core.E103"]
    settings.PRIVACY_KEYS_DERIVED = True
    assert privacy_keys(None) == []
    settings.PRIVACY_KEYS = f"k1:{new_key()}"
    assert [message.id for message in privacy_keys(None)] == ["core.W104"]


@pytest.mark.capability("J09")
def test_reveal_returns_the_value_and_leaves_an_event_without_it(agent: User) -> None:
    customer = Customer.objects.create(name="王芳", phone=PHONE)
    assert reveal(instance=customer, field="phone", actor=agent, reason="核对收货信息") == PHONE
    event = Event.objects.get(kind="personal_data.revealed")
    assert (event.actor_id, event.subject_type, event.subject_id) == (agent.pk, "customer", customer.pk)
    assert event.payload == {"field": "phone", "reason": "核对收货信息"}


@pytest.mark.capability("J09")
def test_reveal_is_refused_without_permission_reason_or_such_a_field(agent: User, auditor: User) -> None:
    customer = Customer.objects.create(name="王芳", phone=PHONE)
    with pytest.raises(NotAllowed):
        reveal(instance=customer, field="phone", actor=auditor, reason="审计")
    with pytest.raises(InvalidInput) as no_reason:
        reveal(instance=customer, field="phone", actor=agent, reason="  ")
    assert "reason" in no_reason.value.fields
    with pytest.raises(InvalidInput) as no_field:
        reveal(instance=customer, field="name", actor=agent, reason="核对")
    assert "field" in no_field.value.fields
    assert not Event.objects.filter(kind="personal_data.revealed").exists()


def test_many_reveals_within_an_hour_are_reported_once(agent: User) -> None:
    customer = Customer.objects.create(name="王芳", phone=PHONE)
    for _number in range(MANY_REVEALS + 1):
        reveal(instance=customer, field="phone", actor=agent, reason="核对")
    assert Event.objects.filter(kind=REVEAL_BURST, actor=agent).count() == 1
