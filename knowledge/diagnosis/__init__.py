"""Guided diagnosis of product faults (D17): a tree of questions whose leaves are remedies."""
