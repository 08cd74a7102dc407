"""Rule files -> a typed rule book: every file read, every formula typed, every name checked."""
