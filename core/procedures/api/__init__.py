"""Procedures over HTTP."""
