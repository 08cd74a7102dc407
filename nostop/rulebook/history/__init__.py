"""Versions of rules: what their hash covers, which are released, what changed between two."""
