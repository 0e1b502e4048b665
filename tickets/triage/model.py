"""A trained triage model: linear scores over n-grams, in numpy alone.

The artefact is one `.npz` of plain arrays, read without pickle: the vocabulary and the description as JSON
bytes, inverse document frequencies, and one column of float16 coefficients per output. A head is a label the
model can give: "category" and "queue" choose one of many, "complaint", "urgent" and "negative" are yes or no.
"""

import io
import json
import zipfile
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import rjieba
from numpy.typing import NDArray

from tickets.triage.features import counts

FORMAT = 1
CHOICE_HEADS = ("category", "queue")
FLAG_HEADS = ("complaint", "urgent", "negative")
ARTEFACT_LIMIT = 20 * 1024 * 1024
# The whole artefact stays below its limit: coefficients may take this much of it.
COEFFICIENT_BYTES = 14 * 1024 * 1024
_ARRAYS = ("about", "vocabulary", "idf", "coefficients", "intercepts")

Floats = NDArray[np.float32]


class BadArtefact(ValueError):
    """The bytes are not a model this version can read."""


@dataclass(frozen=True, slots=True)
class Head:
    """One label: its columns in the coefficient matrix, and how scores become probabilities.

    A choice head divides its scores by `temperature` before the softmax. A flag head has one column; `slope`
    and `cut` give `1 / (1 + exp(-slope * (score - cut)))`, so its probability is 0.5 at the chosen threshold.
    """

    name: str
    first: int
    classes: list[str] = field(default_factory=list)
    temperature: float = 1.0
    slope: float = 1.0
    cut: float = 0.0

    @property
    def width(self) -> int:
        return len(self.classes) or 1


@dataclass(frozen=True, slots=True)
class Scores:
    """What the model says of one text; heads it was not trained for are absent."""

    choices: dict[str, tuple[str, float]]
    flags: dict[str, float]
    terms: list[str]
    known: bool


class LinearTriage:
    """Immutable, safe to share between threads."""

    def __init__(
        self, vocabulary: list[str], idf: Floats, coefficients: NDArray[Any], intercepts: Floats, heads: list[Head]
    ) -> None:
        self.heads = {head.name: head for head in heads}
        self._words = vocabulary
        self._index = {word: place for place, word in enumerate(vocabulary)}
        self._idf = np.asarray(idf, dtype=np.float32)
        self._coefficients = np.ascontiguousarray(coefficients, dtype=np.float32)
        self._intercepts = np.asarray(intercepts, dtype=np.float32)
        if self._coefficients.shape != (len(vocabulary), len(self._intercepts)) or len(self._idf) != len(vocabulary):
            raise BadArtefact("The arrays do not fit together.")

    def scores(self, text: str) -> Scores:
        """Probabilities for one text. Never raises for a string."""
        places, values = self._vector(text)
        raw = values @ self._coefficients[places] + self._intercepts if len(places) else self._intercepts
        choices: dict[str, tuple[str, float]] = {}
        flags: dict[str, float] = {}
        for head in self.heads.values():
            part = raw[head.first : head.first + head.width]
            if head.classes:
                best = int(part.argmax())
                choices[head.name] = head.classes[best], float(_softmax(part / head.temperature)[best])
            else:
                flags[head.name] = _sigmoid(head.slope * (float(part[0]) - head.cut))
        return Scores(choices, flags, self._terms(places, values, choices), bool(len(places)))

    def dumps(self) -> bytes:
        """The artefact."""
        about = {"format": FORMAT, "heads": [asdict(head) for head in self.heads.values()]}
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            about=_as_bytes(about),
            vocabulary=_as_bytes(self._words),
            idf=self._idf,
            coefficients=self._coefficients.astype(np.float16),
            intercepts=self._intercepts,
        )
        return buffer.getvalue()

    def _vector(self, text: str) -> tuple[NDArray[np.intp], Floats]:
        """Places and values of the text's known n-grams: (1 + log count) * idf, of length one."""
        index = self._index
        found = [(index[gram], count) for gram, count in counts(text).items() if gram in index]
        if not found:
            return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.float32)
        places = np.fromiter((place for place, _ in found), dtype=np.intp, count=len(found))
        occurrences = np.fromiter((count for _, count in found), dtype=np.float32, count=len(found))
        values = (1.0 + np.log(occurrences)) * self._idf[places]
        return places, (values / np.sqrt(values @ values)).astype(np.float32)

    def _terms(
        self, places: NDArray[np.intp], values: Floats, choices: dict[str, tuple[str, float]], limit: int = 4
    ) -> list[str]:
        """The words of two or three characters that spoke most for the first choice, strongest first."""
        name = next((name for name in CHOICE_HEADS if name in choices), None)
        if name is None or not len(places):
            return []
        head = self.heads[name]
        weights = values * self._coefficients[places, head.first + head.classes.index(choices[name][0])]
        strongest = [self._words[places[place]] for place in np.argsort(-weights)[: limit * 4] if weights[place] > 0]
        grams = [gram for gram in strongest if len(gram) > 1 and gram == gram.strip()]
        return [gram for gram in grams if rjieba.has_word(gram)][:limit] or grams[:1]


def loads(artefact: bytes) -> LinearTriage:
    """The model of an artefact. Raises BadArtefact when it is anything else."""
    try:
        with np.load(io.BytesIO(artefact), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in _ARRAYS}
        about = json.loads(arrays["about"].tobytes())
        words = json.loads(arrays["vocabulary"].tobytes())
        if about["format"] != FORMAT:
            raise BadArtefact(f"Format {about['format']} is not {FORMAT}.")
        heads = [Head(**head) for head in about["heads"]]
        return LinearTriage(words, arrays["idf"], arrays["coefficients"], arrays["intercepts"], heads)
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise BadArtefact(str(error)) from error


def _as_bytes(value: Any) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(value, ensure_ascii=False).encode(), dtype=np.uint8)


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def _sigmoid(score: float) -> float:
    return float(1.0 / (1.0 + np.exp(-np.clip(score, -30.0, 30.0))))
