"""``kubectl syncramp``: what a person says to a SyncConfig of a cluster, and what there is to be seen of it.

Every command that changes something is one ``kubectl annotate`` or ``kubectl patch``; ``--show`` prints which. The
operator and the engine decide what comes of it, as for everybody who annotates by hand. Nothing is kept here.
"""
