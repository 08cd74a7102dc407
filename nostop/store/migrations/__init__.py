"""Alembic's migrations, run by `nostop.store.upgrade`."""
