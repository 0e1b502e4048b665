"""Rules as data: clear refusals, and one meaning in memory and in the database."""

import string
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import clock
from core.conditions import Condition, ConditionError, Field, FieldSet, NotQueryable, parse, preview
from core.conditions.patterns import BadPattern, user_pattern
from tests.core.samples import Sample, SampleGroup, SampleUse, sample_tables  # noqa: F401

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
KINDS = [("a", "甲类"), ("b", "乙类")]


def used(labels: list[str]) -> Q:
    uses = SampleUse.objects.filter(sample=OuterRef("pk"))
    return Q(Exists(uses.filter(label__in=labels) if labels else uses))


FIELDS = FieldSet(
    [
        Field("title", "text", "标题", "title"),
        Field("kind", "choice", "类型", "kind", choices=KINDS),
        Field("amount", "number", "金额", "amount"),
        Field("share", "number", "比例", "share"),
        Field("size", "number", "数量", "size"),
        Field("is_big", "boolean", "大件", "is_big"),
        Field("due_at", "moment", "到期", "due_at"),
        Field("labels", "set", "标签", "labels"),
        Field("uses", "set", "用途", used),
        Field("group", "text", "分组", "group__name"),
        Field("body", "text", "内容", None),
    ]
)


def facts(sample: Sample) -> dict[str, Any]:
    names = ("title", "kind", "amount", "share", "size", "is_big", "due_at", "labels")
    return {
        **{name: getattr(sample, name) for name in names},
        "uses": {use.label for use in sample.sampleuse_set.all()},
        "group": sample.group.name if sample.group else None,
    }


def rule(field: str, op: str, *value: Any) -> dict[str, Any]:
    return {"field": field, "op": op, **({"value": value[0]} if value else {})}


def errors_of(raw: Any) -> list[tuple[str, str]]:
    with pytest.raises(ConditionError) as caught:
        parse(raw, FIELDS)
    return caught.value.errors


def test_empty_condition_matches_everything() -> None:
    condition = parse({}, FIELDS)
    assert condition.matches({})
    assert condition.sentence() == "不限"


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ([], ""),
        ("x", ""),
        (rule("nothing", "eq", 1), "field"),
        ({"op": "eq", "value": 1}, "field"),
        (rule("title", "like", "x"), "op"),
        (rule("title", "gt", "x"), "op"),
        (rule("is_big", "contains", True), "op"),
        (rule("title", "eq", 5), "value"),
        (rule("title", "eq"), "value"),
        (rule("title", "contains", ""), "value"),
        (rule("title", "eq", "a\x00b"), "value"),
        (rule("title", "eq", "x" * 1001), "value"),
        (rule("title", "is_set", "x"), "value"),
        (rule("title", "in", "x"), "value"),
        (rule("title", "in", []), "value"),
        (rule("title", "in", ["a", 5]), "value[1]"),
        (rule("kind", "eq", "c"), "value"),
        (rule("size", "gt", "5"), "value"),
        (rule("size", "gt", True), "value"),
        (rule("size", "gt", float("nan")), "value"),
        (rule("size", "gt", 10**16), "value"),
        (rule("is_big", "eq", 1), "value"),
        (rule("due_at", "lt", "2026-11-01"), "value"),
        (rule("due_at", "lt", "2026-11-01T09:00:00"), "value"),
        (rule("due_at", "within_days", "7"), "value"),
        (rule("labels", "contains", 5), "value"),
        (rule("title", "matches", "(a"), "value"),
        (rule("title", "matches", "(?=a)b"), "value"),
        ({**rule("title", "eq", "x"), "extra": 1}, "extra"),
        ({"all": [], "any": []}, "any"),
        ({"all": {}}, "all"),
        ({"any": []}, "any"),
        ({"not": []}, "not"),
        ({"all": [{}, rule("size", "gt", "5")]}, "all[1].value"),
        ({"not": {"any": [{"all": [rule("zzz", "eq", 1)]}]}}, "not.any[0].all[0].field"),
    ],
)
def test_mistake_is_refused_with_its_path(raw: Any, path: str) -> None:
    assert [found for found, _sentence in errors_of(raw)] == [path]


def test_all_mistakes_are_named_at_once_and_reach_the_api_as_fields() -> None:
    raw = {"all": [rule("size", "gt", "5"), rule("size", "gt", 5), rule("zzz", "eq", 1)]}
    with pytest.raises(ConditionError) as caught:
        parse(raw, FIELDS)
    assert [path for path, _sentence in caught.value.errors] == ["all[0].value", "all[2].field"]
    assert caught.value.fields["condition"][0] == "all[0].value：须为数字。"
    assert caught.value.status == 400


def test_depth_and_size_are_limited() -> None:
    deep: dict[str, Any] = {}
    for _level in range(8):
        deep = {"not": deep}
    assert "8" in errors_of(deep)[0][1]
    parse({"all": [rule("size", "gt", 1)] * 99}, FIELDS)
    assert len(errors_of({"all": [rule("size", "gt", 1)] * 5000})) == 1


def test_deep_nesting_from_outside_cannot_exhaust_the_stack() -> None:
    deep: dict[str, Any] = {}
    for _level in range(20_000):
        deep = {"not": deep}
    assert len(errors_of(deep)) == 1


def test_missing_fact_is_empty_and_negatives_are_complements() -> None:
    assert parse(rule("title", "is_empty"), FIELDS).matches({})
    assert parse(rule("title", "ne", "x"), FIELDS).matches({})
    assert parse(rule("labels", "not_contains", "x"), FIELDS).matches({})
    assert not parse(rule("size", "lt", 5), FIELDS).matches({})


def test_numbers_compare_as_written() -> None:
    condition = parse(rule("amount", "eq", 0.1), FIELDS)
    assert condition.matches({"amount": Decimal("0.10")})
    assert condition.matches({"amount": 0.1})


def test_within_days_looks_back_and_negative_days_look_ahead() -> None:
    last_week = parse(rule("due_at", "within_days", 7), FIELDS)
    next_week = parse(rule("due_at", "within_days", -7), FIELDS)
    with clock.at(NOW):
        assert last_week.matches({"due_at": NOW - timedelta(days=7)})
        assert not last_week.matches({"due_at": NOW - timedelta(days=7, seconds=1)})
        assert not last_week.matches({"due_at": NOW + timedelta(seconds=1)})
        assert next_week.matches({"due_at": NOW + timedelta(days=7)})


def test_rule_reads_as_a_sentence() -> None:
    raw = {
        "all": [
            rule("kind", "in", ["a", "b"]),
            {"any": [rule("amount", "gte", 100.50), {"not": rule("title", "contains", "爆炸")}]},
            rule("due_at", "lt", "2026-11-01T09:00:00+08:00"),
            rule("labels", "is_empty"),
            rule("is_big", "eq", True),
        ]
    }
    assert parse(raw, FIELDS).sentence() == (
        "类型 是 甲类、乙类 之一，并且 （金额 不小于 100.5，或者 不满足（标题 包含 “爆炸”））"
        "，并且 到期 早于 2026-11-01 09:00，并且 标签 为空，并且 大件：是"
    )


def test_field_without_column_is_evaluated_but_not_queried() -> None:
    condition = parse({"not": rule("body", "contains", "退款")}, FIELDS)
    assert condition.matches({"body": "你好"})
    assert not condition.is_queryable
    with pytest.raises(NotQueryable):
        condition.q()


@pytest.mark.django_db
@pytest.mark.usefixtures("sample_tables")
def test_preview_counts_and_samples() -> None:
    Sample.objects.bulk_create([Sample(title=f"t{number}", size=number) for number in range(30)])
    found = preview(Sample.objects.order_by("size"), parse(rule("size", "gte", 10), FIELDS), sample=3)
    assert (found.count, found.is_capped, [row.size for row in found.rows]) == (20, False, [10, 11, 12])


@pytest.mark.django_db
@pytest.mark.usefixtures("sample_tables")
def test_preview_stops_counting_at_its_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.conditions.previewing.MOST_COUNTED", 5)
    Sample.objects.bulk_create([Sample() for _number in range(9)])
    found = preview(Sample.objects.all(), parse({}, FIELDS))
    assert (found.count, found.is_capped) == (5, True)


@pytest.mark.timeout(10)
def test_catastrophic_pattern_is_harmless() -> None:
    pattern = user_pattern("^(a+)+$")
    assert not pattern.found_in("a" * 100_000 + "!")


# One meaning in memory and in the database

WORDS = st.sampled_from(["", "a", "A", "退款", "退款 now", "x-ray", "ß", "100%", "a_b", "\\", "'", "İ", "a\nb"])
NUMBERS = st.one_of(
    st.integers(-1000, 1000),
    st.sampled_from([0.1, 0.5, -0.5, 1.5, 99.99, 1e15, -(10**15)]),
    st.decimals(-1000, 1000, places=2).map(float),
)
MOMENTS = st.integers(-20, 20).map(lambda days: NOW + timedelta(days=days))
LABELS = st.sampled_from(["vip", "new", "退货", ""])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "title": WORDS,
    "group": WORDS,
    "kind": st.sampled_from(["a", "b"]),
    "amount": NUMBERS,
    "share": NUMBERS,
    "size": NUMBERS,
    "is_big": st.booleans(),
    "due_at": MOMENTS.map(datetime.isoformat),
    "labels": LABELS,
    "uses": LABELS,
}
PATTERNS = ["a", "^a", "退.", "[^a]$", r"\d+%", "a|款", "(?i)A", r"a\nb", "a.b", r"[\w-]+", "^$", "x{0}", r"\s"]


def comparisons() -> st.SearchStrategy[dict[str, Any]]:
    pairs = [(name, op) for name in VALUES for op in FIELDS[name].ops]

    def with_value(pair: tuple[str, str]) -> st.SearchStrategy[dict[str, Any]]:
        name, op = pair
        if op in ("is_set", "is_empty"):
            return st.just(rule(name, op))
        if op == "matches":
            return st.sampled_from(PATTERNS).map(lambda pattern: rule(name, op, pattern))
        if op == "within_days":
            return st.integers(-15, 15).map(lambda days: rule(name, op, days))
        values = VALUES[name].filter(bool) if FIELDS[name].kind == "text" and "contains" in op else VALUES[name]
        values = values if "contains" not in op else values.filter(lambda value: value != "")
        listed = st.lists(values, min_size=1, max_size=3) if op in ("in", "not_in") else values
        return listed.map(lambda value: rule(name, op, value))

    return st.sampled_from(pairs).flatmap(with_value)


RULES = st.recursive(
    st.one_of(comparisons(), comparisons(), st.just({})),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
)


def fill_table() -> None:
    """Rows with every kind of gap, and neighbours of every kind of edge."""
    groups = SampleGroup.objects.bulk_create([SampleGroup(name=name) for name in ("a", "退款")])
    titles = [None, "", "a", "A", "退款", "退款 now", "x-ray", "ß", "100%", "a_b", "\\", "'", "İ", "a\nb", "xxAyy"]
    numbers: list[Any] = [None, 0, 1, -1, 0.1, 0.5, 1.5, -0.5, 99.99, 1000]
    rows = [
        Sample(
            title=title,
            kind="ab"[index % 2],
            amount=None if (number := numbers[index % 10]) is None else Decimal(str(number)),
            share=number,
            size=None if number is None else int(number),
            is_big=(None, True, False)[index % 3],
            due_at=None if index % 4 == 0 else NOW + timedelta(days=(index % 9) - 4),
            labels=(["vip"], [], ["vip", "退货"], ["new"])[index % 4],
            group=(None, groups[0], groups[1])[index % 3],
        )
        for index, title in enumerate(titles * 2)
    ]
    samples = Sample.objects.bulk_create(rows)
    SampleUse.objects.bulk_create(
        [
            SampleUse(sample=row, label=label)
            for index, row in enumerate(samples)
            for label in ("vip", "new")[: index % 3]
        ]
    )


@pytest.mark.django_db
@pytest.mark.usefixtures("sample_tables")
def test_evaluation_and_query_agree_for_every_rule_and_row() -> None:
    fill_table()
    rows = list(Sample.objects.select_related("group").prefetch_related("sampleuse_set"))
    known = {row.pk: facts(row) for row in rows}

    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
    @given(RULES)
    def agree(raw: dict[str, Any]) -> None:
        condition: Condition = parse(raw, FIELDS)
        assert condition.sentence()
        with transaction.atomic():
            queried = list(Sample.objects.filter(condition.q(at=NOW)).values_list("pk", flat=True))
        evaluated = {pk for pk, row_facts in known.items() if condition.matches(row_facts, at=NOW)}
        assert sorted(queried) == sorted(evaluated), condition.sentence()

    agree()


MARKS = ["(?:", "{2}", "{1,}", "{0,1}", "[ab]", "[^a]", "[a-c]", "[]a]", "[a-]", "[[]", "[退-通]", "[a^]"]
ESCAPES = [r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\.", r"\n", r"\-", r"[\d_]", r"[\d-z]", r"[\]x]"]
PIECES = st.sampled_from([*"ab退A1 _-{}]:/,.^$|()*+?", *MARKS, *ESCAPES])
TEXTS = st.text(alphabet="abcA1 _-{}[].,:/\\退通\n\t" + string.digits, max_size=8)


@pytest.mark.django_db
def test_accepted_patterns_mean_the_same_in_postgresql() -> None:
    seen = 0

    @settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(PIECES, min_size=1, max_size=6).map("".join), st.lists(TEXTS, min_size=3, max_size=3))
    def agree(text: str, samples: list[str]) -> None:
        nonlocal seen
        try:
            pattern = user_pattern(text)
        except BadPattern:
            return
        seen += 1
        with connection.cursor() as cursor:
            for sample in samples:
                cursor.execute("SELECT %s::text ~ %s", [sample, pattern.postgres])
                assert cursor.fetchone()[0] == pattern.found_in(sample), (text, pattern.postgres, sample)

    agree()
    assert seen > 100
