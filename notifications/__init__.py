"""Channels: one module for each way to deliver a message."""
