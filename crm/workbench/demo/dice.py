"""Chance that falls the same way every time."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Draws that depend only on the words they were made with."""

    def __init__(self, *words: object) -> None:
        self._random = random.Random("/".join(map(str, words)))  # noqa: S311 (tells a story, guards nothing)

    def chance(self, share: float) -> bool:
        return self._random.random() < share

    def one_of(self, items: Sequence[T]) -> T:
        return self._random.choice(items)

    def weighted(self, items: Sequence[T], weights: Sequence[float]) -> T:
        return self._random.choices(items, weights)[0]

    def number(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def between(self, low: timedelta, high: timedelta) -> timedelta:
        return low + (high - low) * self._random.random()

    def minutes(self, low: float, high: float) -> timedelta:
        """A span between the two, short ones more often: people answer soon or much later."""
        return timedelta(minutes=low + (high - low) * self._random.random() ** 2)

    def hours(self, low: float, high: float) -> timedelta:
        return self.minutes(low * 60, high * 60)

    def shuffled(self, items: Sequence[T]) -> list[T]:
        return self._random.sample(items, len(items))
