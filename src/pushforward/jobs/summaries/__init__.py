"""Summaries: what records of many jobs say together, beside the numbers in the papers' text."""
