"""Recalls (S-01 … S-09): scope, plan, duties of law, notices exactly once, progress and report."""
