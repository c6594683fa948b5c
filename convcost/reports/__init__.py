"""Results -> text. ``count`` and ``comparison`` turn a result into a Report (columns, rows,
notes and the JSON document); one file a format renders any Report.
"""
