"""The tamper-evident after-sales ledger: a chain of its own over the events of goods and money given back.

A consumer of events appends in the order of their ids, below which nothing can be written any more, so whoever
takes a complaint in or pays a refund never waits for the chain. Checks walk it in portions, by a timer.
"""
