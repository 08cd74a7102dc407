"""nostop: finds people entitled to support they do not claim, with the legal reason for it."""
