"""Import, search, suggest and train from files."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from openpyxl import Workbook

from core.events import Event
from core.versions import services as versions
from core.versions.choices import Origin, VersionStatus
from crm.staff.models import User
from knowledge.models import Article
from scripts_library.models import ScriptExample, ScriptTemplate
from tests.scripts_library.factories import published

pytestmark = pytest.mark.django_db


def write(path: Path, *rows: Any) -> str:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return str(path)


def ranked(capsys: pytest.CaptureFixture[str], command: str, path: str, **options: Any) -> list[dict[str, Any]]:
    capsys.readouterr()
    call_command(command, path, **options)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_imported_articles_are_live_marked_imported_and_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(
        tmp_path / "a.jsonl",
        {"doc_id": "d1", "text": "退货运费由买家承担"},
        {"doc_id": "d2", "title": "发票", "text": "当天开出电子发票"},
    )
    call_command("import_articles", file, collection="帮助")
    version = Article.objects.get(key="d2").live_version
    assert version is not None
    assert (version.number, version.status, version.origin) == (1, VersionStatus.PUBLISHED, Origin.IMPORTED)
    assert Event.objects.filter(kind="article.imported").count() == 2
    queries = write(tmp_path / "q.jsonl", {"id": 1, "text": "运费谁出"}, {"id": "b", "text": "怎么开发票"}, {"id": 3})
    answers = ranked(capsys, "search_articles", queries, collection="帮助")
    assert [(answer["id"], answer["ranked"][:1]) for answer in answers] == [(1, ["d1"]), ("b", ["d2"]), (3, [])]
    assert [answer["ranked"] for answer in ranked(capsys, "search_articles", queries)] == [[], [], []]


def test_importing_again_changes_only_what_changed(tmp_path: Path) -> None:
    first = write(tmp_path / "1.jsonl", {"doc_id": "a", "text": "甲"}, {"doc_id": "b", "text": "乙"})
    call_command("import_articles", first)
    call_command("import_articles", first)
    assert Article.objects.get(key="a").versions.count() == 1
    call_command("import_articles", write(tmp_path / "2.jsonl", {"doc_id": "a", "text": "甲二"}))
    article = Article.objects.get(key="a")
    assert article.live_version is not None
    assert (article.live_version.number, article.live_version.body) == (2, "甲二")
    assert article.versions.get(number=1).status == VersionStatus.RETIRED


def test_a_file_never_replaces_what_people_reviewed(tmp_path: Path, lead: User, admin: User) -> None:
    call_command("import_scripts", write(tmp_path / "1.jsonl", {"key": "a", "text": "甲"}))
    script = ScriptTemplate.objects.get(key="a")
    published(versions.draft_version(item=script, actor=lead, body="审过的"), admin)
    call_command("import_scripts", write(tmp_path / "2.jsonl", {"key": "a", "text": "文件的"}))
    script.refresh_from_db()
    assert script.live_version is not None
    assert script.live_version.body == "审过的"
    assert script.versions.get(number=3).status == VersionStatus.DRAFT


def test_drafts_wait_for_review(tmp_path: Path, lead: User, admin: User) -> None:
    call_command("import_scripts", write(tmp_path / "1.jsonl", {"key": "a", "text": "甲"}), draft=True)
    script = ScriptTemplate.objects.get(key="a")
    assert script.live_version is None
    versions.edit_draft(version=script.versions.get(), actor=lead, changes={"body": "甲，改过"})
    published(script.versions.get(), admin)
    script.refresh_from_db()
    assert script.live_version is not None


def test_lines_at_fault_are_named_and_the_others_are_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(
        tmp_path / "s.jsonl",
        {"key": "good", "text": "您好", "kind": "情境话术", "topic": "安抚"},
        "not json",
        {"key": "x", "text": "{{谁}}您好"},
        {"key": "y", "text": "您好", "kind": "奇怪"},
        {"key": "good", "text": "重复"},
        {"text": "没有编号"},
        {"key": "nan", "text": float("nan")},
    )
    call_command("import_scripts", file)
    script = ScriptTemplate.objects.get()
    assert (script.key, script.kind, script.topic) == ("good", "situational", "安抚")
    errors = capsys.readouterr().err
    assert [f"第 {line} 行" in errors for line in range(1, 8)] == [False] + [True] * 6


def test_a_file_without_a_good_line_fails(tmp_path: Path) -> None:
    with pytest.raises(CommandError):
        call_command("import_scripts", write(tmp_path / "s.jsonl", {"key": "x"}))
    with pytest.raises(CommandError):
        call_command("import_scripts", str(tmp_path / "none.jsonl"))


def test_scripts_are_read_from_a_spreadsheet(tmp_path: Path) -> None:
    book = Workbook()
    for line in (["key", "title", "text", "kind"], ["a", "问候", "您好", "基础话术"], [12, None, "再见", None]):
        book.active.append(line)
    book.save(tmp_path / "s.xlsx")
    call_command("import_scripts", str(tmp_path / "s.xlsx"))
    assert {script.key: script.title for script in ScriptTemplate.objects.all()} == {"a": "问候", "12": "再见"}


def test_training_teaches_the_suggestions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command(
        "import_scripts",
        write(tmp_path / "s.jsonl", {"key": "ship", "text": "今天安排发货"}, {"key": "sorry", "text": "非常抱歉"}),
    )
    call_command("import_articles", write(tmp_path / "a.jsonl", {"doc_id": "late", "text": "延迟发货规则"}))
    lessons = write(
        tmp_path / "t.jsonl",
        {"text": "一个星期了没动静", "script": "ship", "article": "late"},
        {"text": "态度太差了气死我", "script": "sorry"},
        {"text": "谁也不认识", "script": "nobody"},
        {"text": "没有标签"},
    )
    call_command("train_suggestions", lessons)
    told = capsys.readouterr()
    assert "第 3 行" in told.err
    assert "第 4 行" in told.err
    queries = write(tmp_path / "q.jsonl", {"id": 1, "text": "都一星期了没动静"}, {"id": 2, "text": "你们态度真差"})
    answers = ranked(capsys, "suggest_scripts", queries)
    assert [answer["ranked"][0] for answer in answers] == ["ship", "sorry"]
    assert ranked(capsys, "search_articles", queries)[0]["ranked"] == ["late"]
    call_command("train_suggestions", lessons)
    assert ScriptExample.objects.count() == 2
