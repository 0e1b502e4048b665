"""From scores to probabilities and thresholds, measured on rows the scoring model did not learn from."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_TEMPERATURES = np.geomspace(0.02, 2.0, 41)
_SLOPES = np.geomspace(0.5, 20.0, 31)


def temperature(scores: Floats, gold: NDArray[np.intp]) -> float:
    """The divisor of scores (rows × classes) that makes the softmax most likely right about `gold` places."""
    best, best_loss = 1.0, np.inf
    for candidate in _TEMPERATURES:
        scaled = scores / candidate
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        loss = float((np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(gold)), gold]).mean())
        if loss < best_loss:
            best, best_loss = float(candidate), loss
    return best


def best_cut(scores: Floats, truth: NDArray[np.bool_]) -> float:
    """The score from which on calling it true gives the highest F1; half-way to the next lower score."""
    order = np.argsort(-scores)
    ordered, hits = scores[order], np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(hits) + 1) + truth.sum())
    place = int(f1.argmax())
    lower = ordered[place + 1] if place + 1 < len(ordered) else ordered[place] - 1.0
    return float((ordered[place] + lower) / 2)


def slope(scores: Floats, truth: NDArray[np.bool_], cut: float) -> float:
    """How steeply the probability rises through 0.5 at `cut`."""
    distance = scores - cut
    signed = np.where(truth, distance, -distance)
    losses = [float(np.logaddexp(0.0, -candidate * signed).mean()) for candidate in _SLOPES]
    return float(_SLOPES[int(np.argmin(losses))])
