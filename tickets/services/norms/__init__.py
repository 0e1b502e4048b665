"""Norms per stage (capability B02): configured, judged when a stage ends, counted the same everywhere."""
