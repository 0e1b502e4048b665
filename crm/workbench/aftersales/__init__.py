"""After-sales on the desk and on pages of its own (售后)."""
