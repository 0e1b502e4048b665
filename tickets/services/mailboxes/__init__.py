"""Mailboxes: set up, polled, backed off from, and written through."""
