"""The review web app and its API: where caseworkers work.

A page calls functions of `nostop.app` and nothing below it, but for the store's engine, which it
hands on.
"""
