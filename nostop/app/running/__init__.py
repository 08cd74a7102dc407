"""What lets a run be stopped anywhere and go on: stages kept under what they read, one run at a
time in a folder, and only what changed done again."""
