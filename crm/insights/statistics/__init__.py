"""Complaints, money and returns in numbers; every cell leads to exactly the rows it counts (C25, C32, D19)."""
