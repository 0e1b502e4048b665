"""Automatic judgement: rules at first, then a model learned from the team's own messages. All text is invented."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from core.events import Event
from tickets.models import Queue, TriageModel
from tickets.triage import judge, judge_many, rules, store
from tickets.triage.calibration import best_cut, slope
from tickets.triage.judging import judgement_of
from tickets.triage.model import ARTEFACT_LIMIT, BadArtefact, loads
from tickets.triage.training import Example, split, train

GOODS = ["杯子", "台灯", "毛毯", "书包", "水壶", "雨伞", "拖鞋", "耳机", "花瓶", "相框", "闹钟", "键盘"]
SAYINGS = {
    "破损": ("quality", True, "收到的{}碎了", "{}是裂的，怎么回事", "打开一看{}坏了", "你们的{}有破损"),
    "开票": ("invoice", False, "{}能开票吗", "麻烦给{}补一张发票", "{}的抬头写错了", "买{}要专票"),
    "催件": ("logistics", True, "{}几天了还没到", "快递一直不动，{}在哪", "{}怎么还不发出", "催一下{}的快递"),
}


def lessons() -> list[Example]:
    return [
        Example(saying.format(goods), category, queue, complaint, complaint and "几天" in saying)
        for category, (queue, complaint, *sayings) in SAYINGS.items()
        for saying in sayings
        for goods in GOODS
    ]


@pytest.fixture(autouse=True)
def _fresh_memory() -> None:
    store._memory = None


@pytest.fixture
def lesson_file(tmp_path: Path) -> Path:
    file = tmp_path / "lessons.jsonl"
    rows = [
        {"text": e.text, "category": e.category, "queue": e.queue, "complaint": int(bool(e.complaint))}
        for e in lessons()
    ]
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return file


@pytest.mark.capability("C03")
@pytest.mark.parametrize(
    ("text", "queue", "term"),
    [
        ("杯子收到就碎了", "quality", "碎了"),
        ("快递三天没动了", "logistics", "快递"),
        ("我要退款", "refund", "退款"),
        ("能开专票吗", "invoice", "专票"),
        ("有优惠券吗", "price_promo", "优惠券"),
        ("地址填错了，帮我改地址", "order", "地址填错"),
        ("这个是什么材质", "product", "材质"),
    ],
)
def test_rules_suggest_a_queue_and_show_the_words_that_matched(text: str, queue: str, term: str) -> None:
    judgement = rules.judge_by_rules(text)
    assert (judgement.queue, judgement.needs_human) == (queue, False)
    assert term in judgement.terms
    assert 0 < judgement.category_confidence <= 1


@pytest.mark.capability("C03")
@pytest.mark.django_db
@pytest.mark.parametrize(
    "text", ["", "   ", "👍👍🎉", "Where is my parcel?", "\x00\ud800", "12345", "。。。", "ﷺ" * 100]
)
def test_text_without_chinese_words_waits_for_a_person(text: str) -> None:
    judgement = judge(text)
    assert (judgement.category, judgement.type, judgement.needs_human) == ("", "consultation", True)


def test_harm_to_persons_is_critical_unless_it_is_only_asked_about() -> None:
    assert rules.judge_by_rules("用了你们的面霜过敏，脸上红肿").severity == "critical"
    assert rules.judge_by_rules("请问敏感肌用了会过敏吗").severity == "low"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("再不处理我就打12315投诉", "complaint"),
        ("我要退货，怎么退", "after_sales"),
        ("非常满意，下次再来", "praise"),
        ("请问有货吗", "consultation"),
    ],
)
def test_types(text: str, kind: str) -> None:
    assert rules.judge_by_rules(text).type == kind


def test_a_greeting_does_not_outweigh_the_matter() -> None:
    assert rules.judge_by_rules("您好，在吗，谢谢，我的发票呢").queue == "invoice"


def test_the_same_text_is_always_on_the_same_side() -> None:
    few = lessons()[:100]
    kept = {example.text for example in split(few)[1]}
    assert kept == {example.text for example in split(list(reversed(few)))[1]}
    assert 0 < len(kept) < 50


def test_a_model_learns_every_labelled_head_and_survives_storage() -> None:
    trained = train(lessons())
    artefact = trained.model.dumps()
    assert len(artefact) < ARTEFACT_LIMIT
    model = loads(artefact)
    judgement = judgement_of("新买的花盆是裂的", model, 7)
    assert (judgement.category, judgement.queue, judgement.model_id) == ("破损", "quality", 7)
    assert judgement.complaint >= 0.5
    assert judgement_of("花盆能开票吗", model).complaint < 0.5
    assert trained.figures["category_macro_f1"] > 0.9


def test_missing_labels_leave_those_opinions_to_the_rules() -> None:
    trained = train([Example(e.text, category=e.category) for e in lessons()])
    judgement = judgement_of("杯子碎了，我要投诉", trained.model)
    assert set(trained.model.heads) == {"category"}
    assert judgement.complaint >= 0.5
    assert judgement.queue == "quality"


def test_clearly_wrong_labels_give_way() -> None:
    wrong = [Example(e.text, "开票" if i % 5 == 0 else e.category) for i, e in enumerate(lessons())]
    trained = train(wrong)
    assert trained.corrected["category"] > 0
    right = sum(judgement_of(e.text, trained.model).category == e.category for e in lessons())
    assert right / len(lessons()) > 0.9


@pytest.mark.parametrize("text", ["", "👍", "\ud800退款", "退" * 30000, "abc", "\x00"])
def test_a_model_judges_any_string(text: str) -> None:
    model = train(lessons()).model
    assert 0 <= judgement_of(text, model).complaint <= 1


@pytest.mark.parametrize("artefact", [b"", b"nothing", b"PK\x03\x04"])
def test_an_artefact_that_is_none_is_refused(artefact: bytes) -> None:
    with pytest.raises(BadArtefact):
        loads(artefact)


def test_an_artefact_with_pickled_objects_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "evil.npz"
    np.savez(path, about=np.array([{"format": 1}], dtype=object))
    with pytest.raises(BadArtefact):
        loads(path.read_bytes())


def test_the_cut_is_where_f1_is_highest_and_becomes_one_half() -> None:
    scores = np.array([-0.9, -0.8, -0.3, -0.2, 0.4], dtype=np.float32)
    truth = np.array([False, False, True, True, True])
    cut = best_cut(scores, truth)
    assert -0.8 < cut < -0.3
    assert slope(scores, truth, cut) > 0


@pytest.mark.capability("C03")
@pytest.mark.django_db
def test_a_trained_model_goes_live_and_only_a_better_one_replaces_it(
    lesson_file: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    out = StringIO()
    with django_capture_on_commit_callbacks(execute=True):
        call_command("train_triage", str(lesson_file), stdout=out)
    first = TriageModel.objects.get(is_live=True)
    assert "category_macro_f1" in out.getvalue()
    assert first.row_count == len(split(lessons())[0])
    assert set(Queue.objects.values_list("key", flat=True)) >= {"quality", "invoice", "logistics"}
    assert Event.objects.filter(kind="triage.model_trained", subject_id=first.pk).exists()
    assert judge("收到的花盆碎了").model_id == first.pk

    call_command("train_triage", str(lesson_file), stdout=StringIO())
    assert TriageModel.objects.get(is_live=True) == first
    assert TriageModel.objects.count() == 2

    call_command("train_triage", str(lesson_file), "--force", stdout=StringIO())
    assert TriageModel.objects.get(is_live=True) != first


@pytest.mark.django_db
def test_a_broken_artefact_leaves_judgement_to_the_rules() -> None:
    TriageModel.objects.create(row_count=1, artefact=b"broken", is_live=True)
    judgement = judge("我要退款")
    assert (judgement.queue, judgement.model_id) == ("refund", None)


@pytest.mark.django_db
def test_the_live_model_is_asked_for_once_in_ten_seconds(django_assert_max_num_queries: Callable[..., Any]) -> None:
    judge("我要退款")
    with django_assert_max_num_queries(0):
        judge_many(["我要退款"] * 50)


@pytest.mark.django_db
def test_triage_command_answers_in_order(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text('{"id": "b", "text": "我要退款"}\n{"id": "a", "text": ""}\n', encoding="utf-8")
    out = StringIO()
    call_command("triage", str(file), stdout=out)
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [row["id"] for row in rows] == ["b", "a"]
    assert set(rows[0]) >= {"id", "category", "category_confidence", "queue", "complaint", "urgent", "negative"}
    assert rows[0]["queue"] == "refund"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "line",
    [
        '{"text": 5}',
        '{"text": "好", "complaint": 2}',
        '{"text": "好", "category": ["x"]}',
        "nonsense",
        '{"category": "a"}',
    ],
)
def test_train_triage_names_the_bad_line_and_learns_nothing(tmp_path: Path, line: str) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text('{"text": "好", "category": "a"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(CommandError, match="2"):
        call_command("train_triage", str(file), stdout=StringIO())
    assert not TriageModel.objects.exists()


@pytest.mark.django_db
def test_too_few_rows_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text('{"text": "好", "category": "a"}\n', encoding="utf-8")
    with pytest.raises(CommandError):
        call_command("train_triage", str(file), stdout=StringIO())
