"""What caseworkers do: look, correct, decide; and who may do so. Pages and commands call this."""
