"""What is handed in with a step or a task: checked, kept, shown."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.procedures.choices import ProofKind
from core.procedures.template import Proof
from core.text import unstorable
from core.wording import listed

LONGEST_TEXT = 1000
_LARGEST_SUM = Decimal(10) ** 9


def checked(proofs: Sequence[Proof], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values by key; raises InvalidInput naming every proof that is missing or wrong, and unknown ones."""
    faults = {name: [_("未知字段。")] for name in given if name not in {proof.key for proof in proofs}}
    values: dict[str, Any] = {}
    for proof in proofs:
        raw = given.get(proof.key)
        raw = raw.strip() if isinstance(raw, str) else raw
        if raw in (None, "", [], ()):
            if proof.required:
                faults[proof.key] = [_("请填写%(label)s。") % {"label": proof.label}]
            continue
        try:
            values[proof.key] = _value(proof, raw)
        except (ValueError, InvalidOperation):
            faults[proof.key] = [_("%(label)s填写有误。") % {"label": proof.label}]
    if faults:
        first = next(iter(faults.values()))[0]
        raise InvalidInput(
            first, code="proof_required", fields={f"proof.{name}": sentences for name, sentences in faults.items()}
        )
    return values


def _value(proof: Proof, raw: Any) -> Any:
    """The value in its stored form; ValueError when it has another one."""
    keys = {key for key, _label in proof.choices}
    if proof.kind == ProofKind.CHOICES:
        chosen = raw if isinstance(raw, list | tuple) else [raw]
        if not all(isinstance(one, str) and one in keys for one in chosen):
            raise ValueError(raw)
        return [key for key, _label in proof.choices if key in chosen]
    if not isinstance(raw, str) or unstorable(raw) or len(raw) > LONGEST_TEXT:
        raise ValueError(raw)
    text = raw.strip()
    if proof.kind == ProofKind.CHOICE and text not in keys:
        raise ValueError(raw)
    if proof.kind == ProofKind.DATE:
        return date.fromisoformat(text).isoformat()
    return _money(text) if proof.kind == ProofKind.MONEY else text


def _money(text: str) -> str:
    amount = Decimal(text)
    if not amount.is_finite() or not 0 <= amount < _LARGEST_SUM or amount != round(amount, 2):
        raise ValueError(text)
    return f"{amount:.2f}"


def plain(proofs: Sequence[Proof], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that conditions may ask about: no free text, which may name people."""
    return {proof.key: values[proof.key] for proof in proofs if proof.key in values and proof.kind != ProofKind.TEXT}


def packed(values: Mapping[str, Any]) -> str:
    """The values as they are stored."""
    return json.dumps(values, ensure_ascii=False) if values else ""


def unpacked(stored: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stored) if stored else {}
    return found


def shown(proofs: Sequence[Proof], values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Label and value in words, in the order of the template."""
    pairs = []
    for proof in proofs:
        value = values.get(proof.key)
        if value in (None, "", []):
            continue
        labels = dict(proof.choices)
        if isinstance(value, list):
            words = listed(labels.get(one, one) for one in value)
        else:
            words = f"¥{value}" if proof.kind == ProofKind.MONEY else labels.get(value, value)
        pairs.append((proof.label, words))
    return pairs
