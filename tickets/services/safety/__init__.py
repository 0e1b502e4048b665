"""Product safety on tickets: promises in replies (D20), incidents (D22)."""
