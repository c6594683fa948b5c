"""What users write, as models, and how it runs: fields, expressions, conditions, layers, designs.

``values``, ``words`` and ``problems`` know the fields, ``layers`` and ``models`` are pydantic's
side of them, ``compiling`` and ``running`` turn a file into operations, ``library`` finds files
by name, ``building`` is the door to the rooms above. Knows no command line and no framework.
"""
