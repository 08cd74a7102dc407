"""What a sample file tells of a feed: how it is read, what its columns are, what its rows mean.

    source    which connector, and its settings
    columns   the type of each column, and how many values fit it
    meanings  who is mentioned, what names and dates a row
    statements  which facts, awards and contacts a row may state
    writing   the declaration's text, each guess marked for a person to confirm

No value of a sample is ever kept or written, but for codes that many rows share.
"""
