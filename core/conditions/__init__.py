"""Rules as data: one small typed form that is checked, evaluated, queried and read aloud."""

from core.conditions.evaluation import Condition, NotQueryable
from core.conditions.fieldset import Choices, Field, FieldSet
from core.conditions.parsing import ConditionError, parse
from core.conditions.previewing import Preview, preview

__all__ = ["Choices", "Condition", "ConditionError", "Field", "FieldSet", "NotQueryable", "Preview", "parse", "preview"]
