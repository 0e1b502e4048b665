"""Complaint rooms (会商室): people of several departments, and guests from outside, on one complaint (C27)."""
