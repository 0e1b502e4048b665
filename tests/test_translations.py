"""English: the catalogue is complete, the language can be switched, and no page mixes the two."""

import html
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.test import Client

from core.translating import HEAD, catalogue_path, faults, in_python, in_template, update
from tests.world import World

pytestmark = pytest.mark.django_db

CHINESE = re.compile(r"[\u3001-\u3017\u4e00-\u9fff\uff00-\uffef]+")
LATIN = re.compile(r"[A-Za-z][A-Za-z']+")
#: Keys that are typed as they stand: {{customer_name}}.
IDENTIFIER = re.compile(r"\{\{\w+\}\}")
#: The language's own name in the language menu.
CHINESE_EVERYWHERE = {"简体中文"}
#: Names, abbreviations and keys that are the same in Chinese.
LATIN_EVERYWHERE = {
    *("Kean", "English", "Wilson", "API", "SLA", "SKU", "ERP", "Webhook", "webhook"),
    *("Excel", "CSV", "XLSX", "JSON", "JSONL", "MB"),
    *("Ctrl", "Enter", "Esc", "Tab", "Shift", "Alt"),
}
SPOKEN_ATTRIBUTES = ("title", "aria-label", "placeholder", "alt", "data-confirm", "data-command")

#: Address and who opens it. Everything a person sees without looking for it.
PAGES = (
    ("/accounts/login/", "anonymous"),
    ("/accounts/password/reset/", "anonymous"),
    ("/complain/", "anonymous"),
    ("/track/", "anonymous"),
    ("/", "supervisor"),
    ("/home/now/", "supervisor"),
    ("/", "agent"),
    ("/desk/", "agent"),
    ("/desk/{number}/", "agent"),
    ("/desk/{number}/thread/", "agent"),
    ("/desk/{number}/side/customer/", "agent"),
    ("/desk/{number}/side/scripts/", "agent"),
    ("/desk/{number}/side/articles/", "agent"),
    ("/desk/{number}/side/orders/", "agent"),
    ("/desk/{number}/side/history/", "agent"),
    ("/desk/{number}/handover/", "agent"),
    ("/desk/", "other_agent"),
    ("/tickets/", "supervisor"),
    ("/tickets/?search=5550005550", "supervisor"),
    ("/tickets/", "other_agent"),
    ("/customers/", "supervisor"),
    ("/customers/?search=5550005550", "supervisor"),
    ("/customers/new/", "agent"),
    ("/customers/{customer}/", "supervisor"),
    ("/customers/{customer}/edit/", "supervisor"),
    ("/customers/{customer}/reveal/?field=phone", "supervisor"),
    ("/customers/{customer}/merge/?into={spare_customer}", "supervisor"),
    ("/scripts/", "lead"),
    ("/scripts/?search=5550005550", "lead"),
    ("/scripts/new/", "lead"),
    ("/scripts/{script}/", "lead"),
    ("/scripts/{script}/edit/", "lead"),
    ("/scripts/{script}/draft/", "lead"),
    ("/articles/", "lead"),
    ("/articles/new/", "lead"),
    ("/articles/{article}/", "lead"),
    ("/visits/", "supervisor"),
    ("/visits/?tab=planned", "supervisor"),
    ("/visits/?tab=done", "supervisor"),
    ("/visits/{visit}/complete/", "supervisor"),
    ("/triage/", "supervisor"),
    ("/board/", "supervisor"),
    ("/reports/", "supervisor"),
    ("/reports/times/", "supervisor"),
    ("/reports/rows/received/", "supervisor"),
    ("/reports/rows/replies/", "supervisor"),
    ("/reports/platforms/", "supervisor"),
    ("/reports/chat/", "supervisor"),
    ("/reports/channels/", "supervisor"),
    ("/approvals/", "supervisor"),
    ("/notices/", "agent"),
    ("/transfers/", "supervisor"),
    ("/breaches/", "supervisor"),
    ("/breaches/new/", "supervisor"),
    ("/breaches/{breach}/", "supervisor"),
    ("/desk/{number}/side/money/", "agent"),
    ("/desk/{number}/money/quote/?case=C-04&in_P=50", "agent"),
    ("/desk/{number}/abuse/", "agent"),
    ("/offline/", "supervisor"),
    ("/standing/?for=board", "supervisor"),
    ("/team/shifts/", "supervisor"),
    ("/team/peak/", "supervisor"),
    ("/help/", "anonymous"),
    ("/chat/{chat_key}/", "anonymous"),
    ("/team/", "supervisor"),
    ("/profile/", "agent"),
    ("/accounts/password/change/", "agent"),
    ("/accounts/logout/", "agent"),
    ("/nowhere/", "agent"),
)


class TestTheCatalogue:
    def test_every_sentence_has_a_translation_with_the_same_placeholders(self) -> None:
        assert faults(catalogue_path()) == []
        call_command("translations", "--check")

    def test_an_update_of_a_complete_catalogue_changes_nothing(self, tmp_path: Any) -> None:
        copy = tmp_path / "django.po"
        copy.write_bytes(catalogue_path().read_bytes())
        update(copy)
        assert copy.read_text() == catalogue_path().read_text()

    def test_the_check_names_what_is_missing_untranslated_doubtful_or_misfits(self, tmp_path: Any) -> None:
        broken = catalogue_path().read_text()
        for msgid, line in (
            ("没有找到。", 'msgstr ""'),
            ("登录", '#, fuzzy\nmsgid "登录"\nmsgstr "Sign in"'),
            ("%(n)s 人在岗", 'msgstr "people on duty"'),
        ):
            start = broken.index(f'msgid "{msgid}"\n')
            end = broken.index("\n\n", start)
            entry = line if line.startswith("#") else f'msgid "{msgid}"\n{line}'
            broken = f"{broken[:start]}{entry}{broken[end:]}"
        start = broken.index('msgid "返回首页"\n')
        broken = broken[:start] + broken[broken.index("\n\n", start) + 2 :]
        path = tmp_path / "django.po"
        path.write_text(broken)
        found = "\n".join(faults(path))
        assert "目录中没有 '返回首页'" in found
        assert "没有译文 '没有找到。'" in found
        assert "译文待核对 '登录'" in found
        assert "占位符不一致 '%(n)s 人在岗'" in found

    def test_the_check_fails_a_build_with_a_gap(self, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "django.po"
        path.write_text(HEAD)
        monkeypatch.setattr("core.management.commands.translations.catalogue_path", lambda: path)
        with pytest.raises(SystemExit) as ended:
            call_command("translations", "--check")
        assert ended.value.code == 1

    def test_sentences_are_found_in_code_under_any_name_and_inside_f_strings(self) -> None:
        source = """
from django.utils.translation import gettext as _, gettext_lazy as lazy, ngettext, pgettext
a = lazy("甲" "乙")
b = f"{_('丙')}!"
c = ngettext("%d 个", "%d 个们", 2)
d = pgettext("many", "丁")
e = other("不是")
"""
        found = {(sentence.context, sentence.words) for sentence in in_python(source, "a.py")}
        assert found == {(None, ("甲乙",)), (None, ("丙",)), (None, ("%d 个", "%d 个们")), ("many", ("丁",))}

    def test_sentences_are_found_in_templates(self) -> None:
        source = """{% load i18n %}
  <a title='{% translate "甲" %}'>{% blocktranslate with x=1 %}乙{{ x }}{% endblocktranslate %}</a>
    {% blocktranslate count n=2 %}{{ n }} 个{% plural %}{{ n }} 个们{% endblocktranslate %}
 {{ value|default:_("丙") }}{% translate "丁" context "many" %}"""
        found = {(sentence.context, sentence.words) for sentence in in_template(source, "a.html")}
        assert found == {
            (None, ("甲",)),
            (None, ("乙%(x)s",)),
            (None, ("%(n)s 个", "%(n)s 个们")),
            (None, ("丙",)),
            ("many", ("丁",)),
        }


class TestSwitching:
    def test_the_browser_chooses_the_language_of_a_stranger(self, world: World) -> None:
        english = open_page(world, "/accounts/login/", "anonymous", "en")
        assert '<html lang="en"' in english
        assert "Sign in" in english
        assert "登录" in open_page(world, "/accounts/login/", "anonymous", "zh-CN,zh;q=0.9,en;q=0.8")
        assert "登录" in open_page(world, "/accounts/login/", "anonymous", "")

    def test_a_person_keeps_the_language_of_the_profile(self, world: World) -> None:
        browser = world.browser("agent")
        assert browser.post("/profile/preferences/", {"language": "en"}).status_code == 204
        world.people["agent"].refresh_from_db()
        assert world.people["agent"].language == "en"
        page = browser.get("/desk/").content.decode()
        assert '<html lang="en"' in page
        assert "Choose a ticket to start" in page
        assert "Workbench" in page

    def test_the_api_speaks_the_language_that_is_asked_for(self, world: World) -> None:
        client = world.client("agent")
        body = {"channel": "taobao", "surprise": 1}
        english = client.post("/api/v1/tickets/", body, format="json", headers={"accept-language": "en"}).json()
        assert english["fields"]["surprise"] == ["This field is unknown."]
        chinese = client.post("/api/v1/tickets/", body, format="json").json()
        assert chinese["fields"]["surprise"] == ["未知字段。"]
        assert (english["code"], sorted(english["fields"])) == (chinese["code"], sorted(chinese["fields"]))

    def test_the_interface_is_described_in_both_languages(self) -> None:
        def description(language: str) -> str:
            answer = Client().get("/api/schema/?format=json", headers={"accept-language": language})
            return str(json.loads(answer.content)["info"]["description"])

        assert description("en") == "The interface to customers, tickets, complaints, scripts and articles."
        assert description("zh-hans") == "客服、工单、投诉、话术与知识的接口。"

    def test_no_chinese_is_left_in_the_english_document_but_examples(self) -> None:
        answer = Client().get("/api/schema/?format=json", headers={"accept-language": "en"})
        left = {text for text in prose(json.loads(answer.content)) if CHINESE.search(text)}
        assert left == set()


class TestNoMixture:
    @pytest.mark.parametrize(("address", "role"), PAGES)
    def test_no_chinese_is_left_in_english_pages(self, world: World, address: str, role: str) -> None:
        page = open_page(world, world.address(address), role, "en")
        data = world_words(world)
        left = {run for run in CHINESE.findall(html.unescape(page)) if run not in data}
        assert left - CHINESE_EVERYWHERE == set()

    @pytest.mark.parametrize(("address", "role"), PAGES)
    def test_no_english_is_left_in_chinese_pages(self, world: World, address: str, role: str) -> None:
        page = open_page(world, world.address(address), role, "zh-hans")
        data = world_words(world)
        words = {word for text in spoken(page) for word in LATIN.findall(IDENTIFIER.sub("", text))}
        assert {word for word in words if word not in data} - LATIN_EVERYWHERE == set()


def prose(document: Any) -> Iterator[str]:
    """Titles and descriptions, without examples, which are data."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key not in ("example", "examples", "default"):
                yield from prose(value)
    elif isinstance(document, list):
        for value in document:
            yield from prose(value)
    elif isinstance(document, str):
        yield document


def open_page(world: World, address: str, role: str, language: str) -> str:
    answer = world.browser(role).get(address, headers={"accept-language": language})
    expected = 404 if "nowhere" in address else 200
    assert answer.status_code == expected, address
    return str(answer.content.decode())


def world_words(world: World) -> str:
    """Everything that is stored: what stands there is data and has no language of ours."""
    if "words" not in world.ids:
        values = [
            json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)
            for model in apps.get_models()
            for row in model._default_manager.all()
            for value in (field.value_from_object(row) for field in model._meta.concrete_fields)
        ]
        world.ids["words"] = "\n".join(values)
    return str(world.ids["words"])


class _Spoken(HTMLParser):
    """Collects what a page says: its text, and the attributes that are shown or read out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.silent += tag in ("script", "style", "kbd", "code")
        self.texts += [value for name, value in attributes if name in SPOKEN_ATTRIBUTES and value]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("script", "style", "kbd", "code")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.texts.append(data)


def spoken(page: str) -> Iterator[str]:
    parser = _Spoken()
    parser.feed(page)
    yield from parser.texts
