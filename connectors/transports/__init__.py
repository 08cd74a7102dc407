"""Ways in which departments' files arrive: one module, and one class, for each.

    http            files and pages of JSON from a web service
    cloudevents     life events from a web service
    sftp            a drop folder
    object_store    a bucket or container, or a folder by its address
    sql             one SELECT from a database

They only bring files. What stands in them is a connector's part, what it means a declaration's.
"""
