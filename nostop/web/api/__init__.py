"""The API under `/api/v1`: services call it with a key; nothing of a browser's is read here."""
