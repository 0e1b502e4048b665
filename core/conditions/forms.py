"""Rules in forms: a field that is checked, and a widget that lets people choose instead of writing JSON."""

import re
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from core.conditions.fieldset import OPS_BY_KIND, Choices, FieldSet
from core.conditions.parsing import ConditionError, parse
from core.conditions.wording import op_label
from core.jsonforms import StrictJSONField
from core.wording import explained

MOST_CHARACTERS = 20_000


def vocabulary(fields: FieldSet) -> dict[str, Any]:
    """What the builder may offer: fields with their choices, the words of the operators, its own words."""
    return {
        "fields": [
            {
                "name": field.name,
                "label": str(field.label),
                "kind": field.kind,
                "choices": _pairs(field.choice_labels()),
                "suggest": [[str(value), str(label)] for value, label in field.suggest()] if field.suggest else [],
            }
            for field in fields.values()
        ],
        "ops": {kind: [[op, op_label(kind, op)] for op in ops] for kind, ops in OPS_BY_KIND.items()},
        "words": {
            "all": _("满足全部条件"),
            "any": _("满足任一条件"),
            "field": _("字段"),
            "op": _("比较"),
            "value": _("值"),
            "values": _("多个值以逗号分隔"),
            "yes": _("是"),
            "no": _("否"),
            "negate": _("取反"),
            "match": _("怎样算满足"),
            "add": _("加条件"),
            "addGroup": _("加一组"),
            "remove": _("删除"),
            "empty": _("没有条件，全部适用。"),
            "raw": _("以 JSON 编辑"),
            "unreadable": _("这段 JSON 还不能用选择的方式显示。"),
        },
    }


def _pairs(labels: dict[str, str] | None) -> Choices | None:
    return None if labels is None else list(labels.items())


class ConditionWidget(forms.Textarea):
    """The rule as JSON in a text area; where scripts run, as fields, comparisons and values to choose.

    `vocabulary_id`: the id of an element of the page that holds the vocabulary, where several widgets share one.
    `classes`: of the elements it makes, by kind ("select", "input", "check"), so that it looks like the page.
    """

    template_name = "core/condition.html"
    classes: ClassVar[dict[str, str]] = {
        "select": "form-select form-select-sm",
        "input": "form-control form-control-sm",
        "check": "form-check-input",
    }

    class Media:
        js = ("core/condition.js",)
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("core/condition.css",)}

    def __init__(self, fields: FieldSet, *, vocabulary_id: str = "", attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"rows": 3, "spellcheck": "false", "maxlength": MOST_CHARACTERS, **(attrs or {})})
        self.rule_fields = fields
        self.vocabulary_id = vocabulary_id

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        own = f"{context['widget']['attrs'].get('id', name)}_vocabulary"
        context["classes"] = self.classes
        context["vocabulary_id"] = self.vocabulary_id or own
        context["vocabulary"] = None if self.vocabulary_id else vocabulary(self.rule_fields)
        return context


class ConditionField(StrictJSONField):
    """A rule over `fields`, kept as it was given. Nothing given is {}: every row."""

    def __init__(self, fields: FieldSet, **options: Any) -> None:
        options.setdefault("widget", ConditionWidget(fields))
        super().__init__(**{"required": False, **options})
        self.rule_fields = fields

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and len(value) > MOST_CHARACTERS:
            raise ValidationError(_("条件不能超过 %(most)d 个字符。") % {"most": MOST_CHARACTERS})
        found = super().to_python(value)
        return {} if found is None else found

    def prepare_value(self, value: Any) -> Any:
        return super().prepare_value(value) if value else ""

    def validate(self, value: Any) -> None:
        """A ValidationError with a sentence for every fault."""
        super().validate(value)
        try:
            parse(value, self.rule_fields)
        except ConditionError as error:
            raise ValidationError(
                [_told(path, sentence, value, self.rule_fields) for path, sentence in error.errors]
            ) from error


def _told(path: str, sentence: str, rule: Any, fields: FieldSet) -> str:
    """A fault with its place: the name of the field where it is at one that is known, else the path."""
    here = rule
    for name, number in re.findall(r"(\w+)|\[(\d+)\]", path):
        field = here.get("field") if isinstance(here, dict) else None
        if isinstance(field, str) and field in fields:
            return explained(str(fields[field].label), sentence)
        try:
            here = here[int(number)] if number else here[name]
        except (KeyError, IndexError, TypeError):
            break
    return explained(path, sentence) if path else sentence
