"""Grievances that make it likelier that a customer stays away.

Complaints and scores live above this floor, so the apps that hold them register here who has
an open complaint or gave a low score lately.
"""

from collections.abc import Callable, Collection

OPEN_COMPLAINT = "open_complaint"
LOW_SCORE = "low_score"

# Gets ids of customers; gives those among them to whom the grievance applies now.
Concern = Callable[[Collection[int]], set[int]]

_concerns: dict[str, Concern] = {}


def register(name: str, concern: Concern) -> None:
    """Answer the question `name` (OPEN_COMPLAINT or LOW_SCORE); a second answer replaces the first."""
    if name not in (OPEN_COMPLAINT, LOW_SCORE):
        raise ValueError(f"There is no grievance called {name}.")
    _concerns[name] = concern


def aggrieved(name: str, customer_ids: Collection[int]) -> set[int]:
    """Those among the customers who have this grievance; nobody while no app answers."""
    concern = _concerns.get(name)
    return concern(customer_ids) if concern is not None and customer_ids else set()
