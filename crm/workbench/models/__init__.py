from crm.workbench.models.bulk import (
    BulkAction,
    BulkChange,
    BulkChangeRow,
    BulkReply,
    BulkReplyRow,
    BulkReplyState,
    Outcome,
)
from crm.workbench.models.saved_view import SavedView, Sharing

__all__ = [
    "BulkAction",
    "BulkChange",
    "BulkChangeRow",
    "BulkReply",
    "BulkReplyRow",
    "BulkReplyState",
    "Outcome",
    "SavedView",
    "Sharing",
]
