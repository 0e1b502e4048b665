"""Who may open which page: one line for every address and method outside the API and the admin.

Columns as in the table of the API. A page that needs a login sends strangers there (302). A page that
takes a form answers 302 or 200 when the form was good, 400 (or 200 with the fault beside the field) when not.
"""

from tests.api.tables import pages_of_leads, pages_of_work

PAGES = (*pages_of_work.PAGES, *pages_of_leads.PAGES)
