"""Pages of presence, shifts and peak mode."""
