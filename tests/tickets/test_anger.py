"""The ladder: a level for the words of the last message, and the scripts of that rung on the desk (G18)."""

from collections.abc import Callable

import pytest

from crm.staff.models import User
from scripts_library.suggestion import ladder_scripts
from tests.scripts_library.factories import make_script
from tests.workbench.conftest import browser, text
from tickets.anger import anger_of, anger_of_last
from tickets.models import Ticket
from tickets.services import transitions

pytestmark = pytest.mark.capability("G18")


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ("", 0),
        ("\ud800", 0),
        ("请问这个怎么用", 0),
        ("收到的杯子碎了两个", 0),
        ("转人工", 0),
        ("太失望了", 1),
        ("我要投诉", 1),
        ("你们就是骗子黑店，气死我了，赶紧退钱", 2),
        ("再拖我就找媒体曝光", 2),
        ("退货半个月一分钱没退，客服互相推卸，我已经打了 12315，今天不解决就等着", 3),
        ("傻逼客服", 3),
    ],
)
def test_the_level_follows_the_words(said: str, level: int) -> None:
    assert anger_of(said).level == level


def test_facts_and_questions_are_no_anger_and_every_level_has_advice() -> None:
    assert anger_of("会不会骗人").level == 0
    assert anger_of("傻逼").advice
    assert anger_of_last(["傻逼", "好的谢谢"]).level == 0


@pytest.mark.django_db
def test_a_rung_without_scripts_gives_those_of_the_rung_below(lead: User, supervisor: User) -> None:
    for level in (1, 2):
        make_script(author=lead, reviewer=supervisor, key=f"CALM-{level}", anger_level=level)
    make_script(author=lead, reviewer=supervisor, key="PLAIN")
    assert [[hit.key for hit in ladder_scripts(level)] for level in (1, 2, 3)] == [["CALM-1"], ["CALM-2"], ["CALM-2"]]


@pytest.mark.django_db
def test_the_desk_offers_the_rung_of_the_last_message(
    make_ticket: Callable[..., Ticket], agent: User, lead: User, supervisor: User
) -> None:
    make_script(author=lead, reviewer=supervisor, key="CALM-2", title="先听后说", body="我在听。", anger_level=2)
    angry, calm = make_ticket("你们就是骗子黑店，气死我了，赶紧退钱"), make_ticket("请问这个怎么用")
    for ticket in (angry, calm):
        transitions.assign(ticket=ticket, actor=agent)
    person = browser(agent)
    side = text(person.get(f"/desk/{angry.number}/side/scripts/"))
    assert "客户情绪 2 级" in side
    assert "先听后说" in side
    assert "客户情绪" not in text(person.get(f"/desk/{calm.number}/side/scripts/"))
    picked = person.get(f"/desk/{angry.number}/scripts/?q=").json()["results"]
    assert picked[0]["key"] == "CALM-2"


@pytest.mark.django_db
@pytest.mark.usefixtures("desk")
def test_leads_set_the_rung_of_a_script(lead: User, supervisor: User) -> None:
    script = make_script(author=lead, reviewer=supervisor, key="CALM-9").item
    page = browser(lead)
    values = {"title": "慢一点", "kind": "situational", "topic": "安抚", "anger_level": "3"}
    page.post(f"/scripts/{script.pk}/edit/", values)
    assert ladder_scripts(3)[0].key == "CALM-9"
    assert "CALM-9" in text(page.get("/scripts/?anger_level=3"))
    assert "CALM-9" not in text(page.get("/scripts/?anger_level=1"))
