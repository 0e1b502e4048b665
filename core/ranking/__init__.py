"""Ranked search over Chinese text in PostgreSQL: token vectors, word frequencies, nearest examples."""
