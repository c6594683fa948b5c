"""Memory in bytes: what is alive when, under a named rule, and the weights beside it.

Files build on each other in this order: ``fusion`` (which operations run as one), ``sizes``
(bytes of one tensor), ``lives`` (from when to when a tensor is needed), ``planner`` (where it
lies), ``liveness`` (the figures), ``execution`` (how a network is run, in words), ``regions``
and ``patches`` (the first layers run piece by piece).
"""
