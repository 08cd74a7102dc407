"""nostop: finds people entitled to support they are not claiming, with the legal reason for each step."""
