"""When a run is due, and when it may add anything: pure decisions on values, without a clock.

``known`` holds what is decided on and what comes of it.
"""
