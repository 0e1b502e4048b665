"""Every write of the ticket floor, one module per subject."""
