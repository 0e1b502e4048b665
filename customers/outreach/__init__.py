"""The only door out to a customer for anything that is not a direct reply.

    reach(wanted=Wanted(key=f"shipment-exception:{row.pk}", customer=…, purpose=…, title=…, body=…), actor=None)

Consent, the wish for no contact, quiet hours, how often, and drill mode are looked at here and nowhere else;
what came of it stands on the row. Asked for again with the same key, the first row is given.
"""

from customers.outreach.bounced import came_back
from customers.outreach.contacting import call_off, report_contact
from customers.outreach.reaching import Wanted, reach, reach_many

__all__ = ["Wanted", "call_off", "came_back", "reach", "reach_many", "report_contact"]
