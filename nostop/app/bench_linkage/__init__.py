"""Linkage held against its bars: labelled sets, made-up people, and plain Splink beside it."""
