"""Breaks everything around the sender."""
