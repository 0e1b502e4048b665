"""What can be ranked: a set of items with live texts, and the example messages they answered."""

from dataclasses import dataclass

from django.db.models import Model


@dataclass(frozen=True)
class Corpus:
    """`items` is a SearchableRow model, `examples` an Example model whose column `target` names the item."""

    name: str
    items: type[Model]
    examples: type[Model]
    target: str
    has_collections: bool = False

    @property
    def text_counts(self) -> str:
        """Name of the word counts over live texts."""
        return f"{self.name}.text"

    @property
    def example_counts(self) -> str:
        """Name of the word counts over live texts and example messages together."""
        return f"{self.name}.examples"

    @property
    def items_table(self) -> str:
        return self.items._meta.db_table

    @property
    def examples_table(self) -> str:
        return self.examples._meta.db_table

    @property
    def collection_sql(self) -> str:
        """The SQL of an item's collection, the items table being called `item`."""
        return "item.collection" if self.has_collections else "''"
