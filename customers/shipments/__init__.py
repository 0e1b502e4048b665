"""Parcels: what carriers report, what stands still, and telling the customer before they ask."""
