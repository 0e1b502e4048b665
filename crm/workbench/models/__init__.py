from crm.workbench.models.saved_view import SavedView, Sharing

__all__ = ["SavedView", "Sharing"]
