"""What is typed on the desk is kept on the server, for one person, one ticket and one kind."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm.staff.models import User
from tests.workbench.conftest import Desk, browser, text
from tickets.models import Draft, Ticket
from tickets.services import drafts, transitions

pytestmark = pytest.mark.django_db
Make = Callable[..., Ticket]


def keep(user: User, ticket: Ticket, body: str, kind: str = "reply") -> None:
    answer = browser(user).post(f"/desk/{ticket.number}/draft/", {"kind": kind, "body": body})
    assert answer.status_code == 200


def test_a_draft_is_there_in_another_browser(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    keep(agent, ticket, "马上为您查询")
    keep(agent, ticket, "马上为您查询，请稍等")
    page = text(browser(agent).get(f"/desk/{ticket.number}/pane/"))
    assert "马上为您查询，请稍等</textarea>" in page
    assert Draft.objects.get().body == "马上为您查询，请稍等"


def test_reply_and_note_are_two_drafts(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    keep(agent, ticket, "给客户的话")
    keep(agent, ticket, "给同事的话", kind="note")
    kept = drafts.drafts_of(ticket=ticket, author=agent)
    assert {kind: row.body for kind, row in kept.items()} == {"reply": "给客户的话", "note": "给同事的话"}


def test_nobody_sees_the_draft_of_another(make_ticket: Make, agent: User, agent2: User) -> None:
    ticket = make_ticket()
    keep(agent, ticket, "还没想好怎么说")
    assert "还没想好怎么说" not in text(browser(agent2).get(f"/desk/{ticket.number}/pane/"))
    keep(agent2, ticket, "我来回")
    assert Draft.objects.count() == 2


def test_emptied_text_ends_the_draft(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    keep(agent, ticket, "稍等")
    keep(agent, ticket, "  ")
    assert not Draft.objects.exists()


def test_a_sent_note_ends_its_draft_and_leaves_the_reply(make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    keep(agent, ticket, "给客户的话")
    keep(agent, ticket, "仓库已确认", kind="note")
    browser(agent).post(f"/desk/{ticket.number}/send/", {"kind": "note", "body": "仓库已确认"})
    assert [row.kind for row in Draft.objects.all()] == ["reply"]


def test_what_could_not_be_sent_is_kept_with_its_files(
    make_ticket: Make, agent: User, settings: object, tmp_path: object
) -> None:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    ticket = make_ticket()
    transitions.cancel(ticket=ticket, actor=agent, reason="客户撤回")
    upload = SimpleUploadedFile("说明.txt", "运单".encode())
    page = text(
        browser(agent).post(f"/desk/{ticket.number}/send/", {"kind": "reply", "body": "您好，已补发", "files": upload})
    )
    assert "工单已关闭，请先重开" in page
    draft = Draft.objects.get()
    assert (draft.body, draft.attachments.get().name) == ("您好，已补发", "说明.txt")
    transitions.reopen(ticket=ticket, actor=agent)
    kept = draft.attachments.get()
    values = {"kind": "reply", "body": "您好，已补发", "kept": str(kept.pk)}
    browser(agent).post(f"/desk/{ticket.number}/send/", values)
    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    ("values", "field"), [({"kind": "poem", "body": "x"}, "kind"), ({"kind": "reply", "body": "x" * 20_001}, "body")]
)
def test_bad_drafts_name_the_field(make_ticket: Make, agent: User, values: dict[str, str], field: str) -> None:
    ticket = make_ticket()
    answer = browser(agent).post(f"/desk/{ticket.number}/draft/", values, headers={"HX-Request": "true"})
    assert answer.status_code == 400
    assert field in answer.json()["fields"]


def test_a_move_keeps_what_was_typed_as_the_kind_it_was(desk: Desk, make_ticket: Make, agent: User) -> None:
    ticket = make_ticket()
    page = text(browser(agent).post(f"/desk/{ticket.number}/do/assign/", {"typed": "仓库说缺货", "typed_kind": "note"}))
    assert 'data-kind="note"' in page
    assert "仓库说缺货</textarea>" in page
