"""Product safety sheets (D20): what a product holds, whom it may harm, and what may be promised about it."""
