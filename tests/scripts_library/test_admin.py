"""The admin pages of scripts and articles call the services."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core.versions import services as versions
from core.versions.choices import VersionStatus
from crm.staff.models import User
from knowledge.models import Article, ArticleVersion
from scripts_library.models import ScriptTemplate, ScriptVersion
from scripts_library.services import create_script
from tests.scripts_library.factories import make_article, make_script


@pytest.fixture
def browser(lead: User) -> Client:
    client = Client()
    client.force_login(lead, backend="crm.staff.backends.RoleBackend")
    return client


@pytest.fixture
def admin_browser(admin: User) -> Client:
    client = Client()
    client.force_login(admin, backend="crm.staff.backends.RoleBackend")
    return client


def page(model: type, name: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)  # type: ignore[attr-defined]


def words(**changed: str) -> dict[str, str]:
    empty = dict.fromkeys(("note", "valid_from_0", "valid_from_1", "valid_until_0", "valid_until_1", "reason"), "")
    return {"title": "标题", "body": "您好", "steps": "[]", **empty, **changed}


def test_every_list_and_page_opens(admin_browser: Client, lead: User, supervisor: User) -> None:
    script = make_script(author=lead, reviewer=supervisor, key="S", body="{{order_no}}")
    article = make_article(author=lead, reviewer=supervisor, key="A")
    versions.draft_version(item=script.item, actor=lead, body="{{order_no}} 改")
    for row in (script, script.item, article, article.item, script.item.versions.get(number=2)):
        for address in (page(type(row), "changelist"), page(type(row), "change", row.pk), page(type(row), "add")):
            assert admin_browser.get(address).status_code == 200, address


def test_a_script_and_its_draft_are_written_through_the_services(browser: Client, lead: User) -> None:
    answer = browser.post(
        page(ScriptTemplate, "add"),
        {
            "key": "S-1",
            "title": "标题",
            "kind": "basic",
            "topic": "",
            "ticket_types": ["complaint"],
            "shop": "",
            "owner": lead.pk,
            "versions-TOTAL_FORMS": 0,
            "versions-INITIAL_FORMS": 0,
        },
    )
    assert answer.status_code == 302
    script = ScriptTemplate.objects.get(key="S-1")
    assert script.ticket_types == ["complaint"]
    answer = browser.post(page(ScriptVersion, "add"), {"item": script.pk, **words(body="{{谁}}")})
    assert answer.status_code == 200
    assert "谁" in answer.content.decode()
    browser.post(page(ScriptVersion, "add"), {"item": script.pk, **words()})
    version = script.versions.get()
    assert (version.number, version.author, version.status) == (1, lead, VersionStatus.DRAFT)


@pytest.mark.capability("G22")
def test_buttons_are_the_verbs_and_never_approve_ones_own(browser: Client, admin_browser: Client, lead: User) -> None:
    script = create_script(actor=lead, key="S-1", title="标题")
    version = versions.draft_version(item=script, actor=lead, body="您好")
    address = page(ScriptVersion, "change", version.pk)

    def press(client: Client, verb: str, **changed: str) -> str:
        client.post(address, {**words(**changed), f"scripts_library_scriptversion_{verb}": "1"})
        version.refresh_from_db()
        return version.status

    assert press(browser, "submit", body="您好，改过") == VersionStatus.IN_REVIEW
    assert version.body == "您好，改过"
    assert "scriptversion_approve" not in browser.get(address).content.decode()
    assert press(browser, "approve") == VersionStatus.IN_REVIEW
    assert press(admin_browser, "reject") == VersionStatus.IN_REVIEW
    assert press(admin_browser, "approve") == VersionStatus.APPROVED
    assert press(browser, "publish") == VersionStatus.PUBLISHED
    script.refresh_from_db()
    assert script.live_version_id == version.pk
    assert press(browser, "submit", body="偷偷改") == VersionStatus.PUBLISHED
    assert version.body == "您好，改过"


def test_nothing_is_deleted_and_agents_stay_outside(lead: User, supervisor: User, agent: User) -> None:
    version = make_article(author=lead, reviewer=supervisor, key="A")
    client = Client()
    client.force_login(supervisor, backend="crm.staff.backends.RoleBackend")
    assert client.post(page(ArticleVersion, "delete", version.pk), {"post": "yes"}).status_code == 403
    assert client.post(page(Article, "delete", version.item_id), {"post": "yes"}).status_code == 403
    client.force_login(agent, backend="crm.staff.backends.RoleBackend")
    assert client.post(page(ArticleVersion, "add"), {"item": version.item_id, **words()}).status_code in (302, 403)
    assert version.item.versions.count() == 1
