"""The form of a negotiation ladder: a row for each rung, in percent; empty rows are left out."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.workbench.library.forms import DraftForm, ItemForm
from tickets.negotiation import ladders
from tickets.negotiation.rungs import MOST, WORDS_LENGTH, RungFault, percent, read_rungs

SHOWN_RUNGS, SPARE_RUNGS = 3, 1
_PARTS = ("share", "extra", "words")


class LadderForm(ItemForm):
    category = forms.CharField(label=_("分类"), max_length=100, required=False, help_text=_("留空适用于其余所有分类。"))


@dataclass(frozen=True)
class RungRow:
    """The fields of one rung."""

    number: int
    share: forms.BoundField
    extra: forms.BoundField
    words: forms.BoundField

    @property
    def errors(self) -> list[str]:
        return [sentence for field in (self.share, self.extra, self.words) for sentence in field.errors]


class LadderDraftForm(DraftForm):
    """A field is called by its part and the row it stands in: `share_0`, `words_2`."""

    walk_away = forms.CharField(
        label=_("何时停止协商"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def arrange(self) -> None:
        super().arrange()
        del self.fields["body"]
        known: list[dict[str, Any]] = self.initial.pop("rungs", [])
        posted = sum(name.startswith("share_") for name in self.data)
        self.count = min(MOST, max(SHOWN_RUNGS, len(known) + SPARE_RUNGS, posted))
        for number in range(self.count):
            rung = known[number] if number < len(known) else {}
            self.fields[f"share_{number}"] = _percent(_("下限到应付合计（%）"), rung.get("share"))
            self.fields[f"extra_{number}"] = _percent(_("另加实付（%）"), rung.get("extra"))
            self.fields[f"words_{number}"] = forms.CharField(
                label=_("话术"),
                initial=rung.get("words", ""),
                required=False,
                max_length=WORDS_LENGTH,
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    @staticmethod
    def initial_of(version: Any) -> dict[str, Any]:
        more = {} if version is None else {"rungs": list(version.rungs), "walk_away": version.walk_away}
        return DraftForm.initial_of(version) | more

    def rows(self) -> Iterator[RungRow]:
        """The rows of the form."""
        for number in range(self.count):
            yield RungRow(number + 1, *(self[f"{part}_{number}"] for part in _PARTS))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        rungs, places = [], []
        for number in range(self.count):
            share, extra, words = (data.pop(f"{part}_{number}", None) for part in _PARTS)
            if share is None and extra is None and not words:
                continue
            places.append(number)
            if share is None and f"share_{number}" not in self.errors:
                self.add_error(f"share_{number}", _("请填写这一级的比例。"))
            rungs.append({"share": _share(share), "extra": _share(extra), "words": (words or "").strip()})
        data["rungs"] = rungs
        if not self.errors:
            self._check(rungs, places)
        return data

    def _check(self, rungs: list[dict[str, Any]], places: list[int]) -> None:
        """What is wrong with the ladder stands at the rung it is about, else at the first."""
        try:
            read_rungs(rungs)
        except RungFault as fault:
            place = places[fault.number - 1] if fault.number else 0
            self.add_error(f"share_{place}", gettext(fault.text) % {"number": fault.number})

    def changes(self, *, title: str) -> dict[str, Any]:
        data = super().changes(title=title)
        return {**data, "body": ladders.words_of(data["rungs"])}


def _percent(label: Any, share: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        initial=None if share is None else percent(share),
        required=False,
        min_value=0,
        max_value=100,
        decimal_places=2,
    )


def _share(given: Decimal | None) -> str:
    return f"{((given or Decimal(0)) / 100).normalize():f}"
