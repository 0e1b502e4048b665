"""Statutory deadlines, disputes, evidence, investigations and reviews over HTTP."""
