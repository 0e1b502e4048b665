"""Views that people make, keep and share: what they may ask, saving, listing and counting."""
