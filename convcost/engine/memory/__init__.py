"""Memory in bytes: what is alive when, under a named rule, and the weights beside it.

Files build on each other in this order: ``sizes`` (bytes of one tensor), ``fusion`` (which
operations run as one), ``lives`` (from when to when a tensor is needed), ``planner`` (where it
lies), ``liveness`` (the figures), ``patches`` (the first layers run piece by piece).
"""
