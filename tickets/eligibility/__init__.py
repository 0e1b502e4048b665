"""May this be returned, exchanged or repaired: the returns table of law, no rows, no Django.

`judge(facts, workdays)` answers eligible, not eligible, needs evidence or needs a person's decision, with
the articles, the reason, who pays the way back, and which remedies may be offered (and why not the others).
What is not known never counts against the customer: an unknown category is decided by a person, an unknown
condition is settled by looking at the goods. Missing moments raise `InputFaults`, named by field.

Sentences here are plain Chinese with `%(name)s` places; whoever shows them translates them.
"""

from tickets.compensation.reading import Fault, InputFaults
from tickets.eligibility.categories import CATEGORIES, Category, find
from tickets.eligibility.facts import (
    CONDITIONS,
    REASONS,
    REMEDIES,
    VERDICTS,
    Condition,
    Facts,
    Judgement,
    Reason,
    Remedy,
    RemedyKind,
    Verdict,
)
from tickets.eligibility.judging import judge

__all__ = [
    "CATEGORIES",
    "CONDITIONS",
    "REASONS",
    "REMEDIES",
    "VERDICTS",
    "Category",
    "Condition",
    "Facts",
    "Fault",
    "InputFaults",
    "Judgement",
    "Reason",
    "Remedy",
    "RemedyKind",
    "Verdict",
    "find",
    "judge",
]
