"""One module for each department: its own shape, codes and faults, from the one truth."""
