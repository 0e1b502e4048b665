"""The sealed history: every event row is chained to the one before it by a hash.

A trigger refuses changes of events (core.0003). Whoever gets past it — a superuser of the
database, a restored dump with a row edited — breaks the chain, and `verify_audit` names the
first entry that does not fit. A tail cut from both tables at once shows only against an older
head; `seal` writes the head to the log, and `verify_audit --head` compares with one kept elsewhere.
"""
