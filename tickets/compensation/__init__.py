"""What is owed in a case of after-sales or complaint: arithmetic and its legal basis, no rows, no Django.

`quote("C-04", {"P": "50"})` answers with the sums, the floor no one may go below, the cap, the articles
and the terms. Sums are `Decimal` in yuan, rounded half-up to the fen once, at the end of every term. Bad
inputs raise `InputFaults`, which names each input with its sentence.

Sentences here are plain Chinese with `%(name)s` places; whoever shows them translates them.
"""

from tickets.compensation.cases import CASES, Case, quote
from tickets.compensation.quotes import Note, Quote, Term, fen
from tickets.compensation.reading import LARGEST, Fault, Input, InputFaults, Kind, money_of

__all__ = [
    "CASES",
    "LARGEST",
    "Case",
    "Fault",
    "Input",
    "InputFaults",
    "Kind",
    "Note",
    "Quote",
    "Term",
    "fen",
    "money_of",
    "quote",
]
