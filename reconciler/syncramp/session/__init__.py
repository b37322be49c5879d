"""From a document to a run: what it names is opened, for the command line and for the process of a cluster's run.

``opening`` makes the job of a document: its sources, endpoint and store. ``memory`` keeps the allocator small.
"""
