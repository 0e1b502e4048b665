"""What triage says about one message."""

from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["low", "medium", "high", "critical"]
TicketType = Literal["complaint", "after_sales", "praise", "consultation", "other"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A suggestion, never a decision: a given type or category wins over it.

    `complaint`, `urgent` and `negative` are probabilities scaled so that 0.5 is the chosen threshold.
    `terms` are the words that spoke for it, strongest first. `model_id` is None when rules judged.
    """

    category: str = ""
    category_confidence: float = 0.0
    queue: str = ""
    complaint: float = 0.0
    urgent: float = 0.0
    negative: float = 0.0
    severity: Severity = "low"
    type: TicketType = "consultation"
    terms: list[str] = field(default_factory=list)
    model_id: int | None = None
    needs_human: bool = False
