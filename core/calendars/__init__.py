"""Working time: opening hours, public holidays and make-up workdays, and the arithmetic on them."""
