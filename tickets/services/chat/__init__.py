"""Live chat on a shop's pages."""
