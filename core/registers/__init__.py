"""The ninth mechanism: a record with owner, state, review date, evidence and links.

A register is a concrete model that inherits `Record` and names a `Register`: its states, the moves between them and
what must stand in a record before it goes on. Columns of its own it adds itself; there is no table of anything.
"""
