"""Rules and results in words for people."""
