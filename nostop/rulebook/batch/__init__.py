"""A plan over frames: typed trees as column expressions for millions."""
