"""Writing trees."""

from collections.abc import Mapping
from typing import Any

from core.versions.services import create_item, update_item
from knowledge.models import DiagnosisTree


def create_tree(*, actor: Any, key: str, title: str, **columns: Any) -> DiagnosisTree:
    """A tree without steps yet; add them with `draft_version`."""
    made: DiagnosisTree = create_item(model=DiagnosisTree, actor=actor, scope={}, key=key, title=title, **columns)
    return made


def update_tree(*, tree: DiagnosisTree, actor: Any, changes: Mapping[str, Any]) -> DiagnosisTree:
    """Change product, owner or title of the identity."""
    changed: DiagnosisTree = update_item(item=tree, actor=actor, changes=changes)
    return changed
