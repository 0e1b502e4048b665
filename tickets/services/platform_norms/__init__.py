"""Norms of platforms: configuring them, counting by them, and how one stands."""
