"""Words -> subjects: one-line texts, names, spec files, models of other frameworks.

One file or folder a source. Knows how a thing is read; what it then costs is the engine's.
"""
