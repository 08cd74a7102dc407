"""The schedule: jobs that are due, one leader, and each due moment done once.

The only user of apscheduler, which may only wake us: who does what is decided by rows of the store.
"""
