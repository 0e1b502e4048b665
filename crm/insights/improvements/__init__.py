"""Improvement items: what should get better, and whether it did (capability B18)."""
