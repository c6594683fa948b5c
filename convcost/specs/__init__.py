"""What users write -> engine graphs: options, one-line text, JSON, TOML, design files.

``layers`` and ``files`` read, ``primitives`` and ``designs`` build. In this room ``designs``
imports ``expressions`` and ``primitives``; ``catalogue`` imports ``designs``; ``building``
imports all of them and is the only door to the studies.
"""
