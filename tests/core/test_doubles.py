"""A value that only one row may have is refused by its field's name."""

import pytest

from core.calendars.models import BusinessCalendar
from core.errors import Conflict
from crm.staff.models import User
from tickets.models import Queue, SLAPolicy
from tickets.services import rules

pytestmark = pytest.mark.django_db


def test_the_field_is_named_also_where_its_name_is_a_word_of_sql(admin: User) -> None:
    calendar = BusinessCalendar.objects.create(name="白班", timezone="Asia/Shanghai", holidays=None)
    first = {"name": "甲", "position": 901, "condition": {}, "calendar": calendar}
    rules.save_policy(policy=None, actor=admin, values=first)
    for change, field in (({"position": 902}, "name"), ({"name": "乙"}, "position")):
        with pytest.raises(Conflict) as double:
            rules.save_policy(policy=None, actor=admin, values={**first, **change})
        assert (double.value.code, list(double.value.fields)) == ("duplicate", [field])
    assert SLAPolicy.objects.count() == 1


def test_what_the_person_did_not_name_counts_as_the_key(admin: User) -> None:
    rules.save_queue(queue=None, actor=admin, key="", name="一线")
    with pytest.raises(Conflict) as double:
        rules.save_queue(queue=None, actor=admin, key="", name="一线")
    assert list(double.value.fields) == ["key"]
    assert Queue.objects.filter(name="一线").count() == 1
