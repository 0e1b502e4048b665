"""Learning a triage model from labelled messages. Only this module needs scikit-learn.

Labels given in daily work are often wrong. Each head is therefore learned twice: a first round, in folds, asks
of every row what a model that never saw it would say; a label contradicted by a clear margin gives way. When the
first round agrees with nearly all labels they are taken as they are. Temperatures and thresholds come from rows
the scoring model did not learn from, and the published figures from a part kept aside from everything.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import KFold
from sklearn.svm import LinearSVC

from core.errors import InvalidInput
from tickets.triage.calibration import best_cut, slope, temperature
from tickets.triage.features import ngrams
from tickets.triage.model import CHOICE_HEADS, COEFFICIENT_BYTES, FLAG_HEADS, Head, LinearTriage
from tickets.triage.scoring import figures

MINIMUM_ROWS = 20
FOLDS = 5
# Below this agreement of the first round with the given labels, contradicted labels are corrected.
TRUSTED_AGREEMENT = 0.85
_CHOICE_MARGIN = 0.4
_FLAG_MARGIN = 0.6
_FIRST_ROUND_C = {"category": 0.2, "queue": 0.5}
_FINAL_C = {"category": 0.5, "queue": 0.3}
_FLAG_C = 0.3
# A flag follows a corrected category when this share of the category's rows carry it the same way.
_PURE = 0.8

Labels = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled message; a label that is None is not known."""

    text: str
    category: str | None = None
    queue: str | None = None
    complaint: bool | None = None
    urgent: bool | None = None
    negative: bool | None = None


@dataclass(slots=True)
class Trained:
    """A model, its figures on the part kept aside, and what it learned from."""

    model: LinearTriage
    figures: dict[str, float]
    score: float
    row_count: int
    kept_aside: list[Example]
    corrected: dict[str, int] = field(default_factory=dict)

    @property
    def labels(self) -> dict[str, list[str]]:
        return {name: head.classes for name, head in self.model.heads.items()}


def train(examples: Sequence[Example]) -> Trained:
    """Learn every head the examples have labels for. Raises InvalidInput when they cannot teach anything."""
    learning, kept_aside = split(examples)
    if len(learning) < MINIMUM_ROWS or not kept_aside:
        raise InvalidInput(_("至少需要 %(count)s 条带标签的文本。") % {"count": MINIMUM_ROWS + 5}, code="too_few_rows")
    trainer = _Trainer(learning)
    model = trainer.model()
    measured, score = figures(model, kept_aside)
    return Trained(model, measured, score, len(learning), kept_aside, trainer.corrected)


def split(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """(to learn from, kept aside). By a digest of the text, so the same text is on the same side every time.

    A fifth of small sets is kept aside, a tenth of larger ones, a twentieth of large ones. A model trained last
    month is thus never measured on a text that it learned from then.
    """
    share = 5 if len(examples) < 500 else 10 if len(examples) < 5000 else 20
    learning: list[Example] = []
    kept: list[Example] = []
    for example in examples:
        digest = hashlib.blake2b(example.text.encode("utf-8", "ignore"), digest_size=8).digest()
        (kept if int.from_bytes(digest, "big") % share == 0 else learning).append(example)
    return learning, kept


class _Trainer:
    """Learns one head after the other over a shared matrix of n-grams."""

    def __init__(self, examples: list[Example]) -> None:
        self.examples = examples
        self.corrected: dict[str, int] = {}
        outputs = len({e.category for e in examples}) + len({e.queue for e in examples}) + len(FLAG_HEADS)
        self.vectors = TfidfVectorizer(
            analyzer=ngrams,
            min_df=2 if len(examples) >= 200 else 1,
            max_features=COEFFICIENT_BYTES // (2 * outputs),
            sublinear_tf=True,
            dtype=np.float32,
        )
        self.matrix: csr_matrix = self.vectors.fit_transform([example.text for example in examples])
        self._columns: list[NDArray[np.float32]] = []
        self._intercepts: list[NDArray[np.float32]] = []
        self._heads: list[Head] = []
        self._clean_category: Labels | None = None
        self._category_rows: NDArray[np.intp] = np.empty(0, dtype=np.intp)

    def model(self) -> LinearTriage:
        for name in CHOICE_HEADS:
            self._learn_choice(name)
        for name in FLAG_HEADS:
            self._learn_flag(name)
        if not self._heads:
            raise InvalidInput(_("没有可学习的标签：每个标签至少需要两种取值。"), code="no_labels")
        words = [str(word) for word in self.vectors.get_feature_names_out()]
        return LinearTriage(
            words,
            self.vectors.idf_.astype(np.float32),
            np.hstack(self._columns),
            np.concatenate(self._intercepts),
            self._heads,
        )

    def _rows(self, name: str) -> NDArray[np.intp]:
        known = [place for place, example in enumerate(self.examples) if getattr(example, name) not in (None, "")]
        return np.asarray(known, dtype=np.intp)

    def _learn_choice(self, name: str) -> None:
        rows = self._rows(name)
        labels = np.asarray([str(getattr(self.examples[row], name)) for row in rows])
        classes = np.unique(labels)
        if len(classes) < 2:
            return
        matrix = self.matrix[rows]
        clean = self._corrected_choice(name, matrix, labels, classes)
        if name == "category":
            self._clean_category, self._category_rows = clean, rows
        classes = np.unique(clean)
        learner = _svm(_FINAL_C[name], balanced=True)
        held_out = _out_of_fold(matrix, clean, classes, learner)
        fitted = learner().fit(matrix, clean)
        heat = temperature(held_out, np.searchsorted(classes, clean))
        self._keep(name, fitted, [str(label) for label in classes], temperature=heat)

    def _corrected_choice(self, name: str, matrix: csr_matrix, labels: Labels, classes: Labels) -> Labels:
        held_out = _out_of_fold(matrix, labels, classes, _svm(_FIRST_ROUND_C[name]))
        guess = classes[held_out.argmax(axis=1)]
        if (guess == labels).mean() >= TRUSTED_AGREEMENT:
            return labels
        own = held_out[np.arange(len(labels)), np.searchsorted(classes, labels)]
        wrong = (guess != labels) & (held_out.max(axis=1) - own > _CHOICE_MARGIN)
        self.corrected[name] = int(wrong.sum())
        clean = np.where(wrong, guess, labels)
        return clean if len(np.unique(clean)) > 1 else labels

    def _learn_flag(self, name: str) -> None:
        rows = self._rows(name)
        labels = np.asarray([bool(getattr(self.examples[row], name)) for row in rows])
        if not len(labels) or min(labels.sum(), (~labels).sum()) < 2:
            return
        matrix = self.matrix[rows]
        clean = self._corrected_flag(name, matrix, rows, labels)
        learner = _svm(_FLAG_C)
        both = np.asarray([False, True])
        held_out = _out_of_fold(matrix, clean, both, learner)[:, 1]
        fitted = learner().fit(matrix, clean)
        cut = best_cut(held_out, clean)
        self._keep(name, fitted, [], slope=slope(held_out, clean, cut), cut=cut)

    def _corrected_flag(self, name: str, matrix: csr_matrix, rows: NDArray[np.intp], labels: Labels) -> Labels:
        """A row of a corrected category carries that category's flag; else clear contradictions give way."""
        if self._clean_category is not None and self.corrected.get("category"):
            return self._flag_of_category(name, rows, labels)
        held_out = _out_of_fold(matrix, labels, np.asarray([False, True]), _svm(_FLAG_C))[:, 1]
        if ((held_out > 0) == labels).mean() >= TRUSTED_AGREEMENT:
            return labels
        own = np.where(labels, held_out, -held_out)
        clean = np.where(own < -_FLAG_MARGIN, ~labels, labels)
        self.corrected[name] = int((clean != labels).sum())
        return clean if 1 < clean.sum() < len(clean) - 1 else labels

    def _flag_of_category(self, name: str, rows: NDArray[np.intp], labels: Labels) -> Labels:
        assert self._clean_category is not None
        clean_of = dict(zip(self._category_rows.tolist(), self._clean_category.tolist(), strict=True))
        carried: dict[str, Counter[bool]] = {}
        for row, label in zip(rows.tolist(), labels.tolist(), strict=True):
            if self.examples[row].category:
                carried.setdefault(str(self.examples[row].category), Counter())[label] += 1
        usual = {
            category: counted.most_common(1)[0][0]
            for category, counted in carried.items()
            if counted.most_common(1)[0][1] >= _PURE * counted.total()
        }
        clean = np.asarray(
            [usual.get(clean_of.get(row, ""), label) for row, label in zip(rows.tolist(), labels.tolist(), strict=True)]
        )
        if clean.sum() < 2 or (~clean).sum() < 2:
            return labels
        self.corrected[name] = int((clean != labels).sum())
        return clean

    def _keep(self, name: str, fitted: LinearSVC, classes: list[str], **calibration: float) -> None:
        columns = fitted.coef_.T
        intercepts = np.atleast_1d(fitted.intercept_)
        if len(classes) == 2:
            # scikit-learn learns one score for two classes; the softmax wants one each.
            columns, intercepts = np.hstack([-columns, columns]), np.concatenate([-intercepts, intercepts])
        self._heads.append(Head(name, sum(len(part) for part in self._intercepts), classes, **calibration))
        self._columns.append(columns.astype(np.float32))
        self._intercepts.append(intercepts.astype(np.float32))


def _svm(cost: float, *, balanced: bool = False) -> Callable[[], LinearSVC]:
    return lambda: LinearSVC(C=cost, class_weight="balanced" if balanced else None, random_state=0)


def _out_of_fold(
    matrix: csr_matrix, labels: Labels, classes: Labels, learner: Callable[[], LinearSVC]
) -> NDArray[np.float32]:
    """Scores per row and class from models that did not see the row; -1 for a class its fold did not know."""
    scores = np.full((len(labels), len(classes)), -1.0, dtype=np.float32)
    for learned, judged in KFold(min(FOLDS, len(labels)), shuffle=True, random_state=0).split(labels):
        known = np.unique(labels[learned])
        if len(known) < 2:
            continue
        raw = learner().fit(matrix[learned], labels[learned]).decision_function(matrix[judged])
        raw = np.column_stack([-raw, raw]) if raw.ndim == 1 else raw
        scores[np.ix_(judged, np.searchsorted(classes, known))] = raw
    return scores
