"""The command line: options -> api -> report -> print. One file a command.

The only place that prints or exits. ``app`` has the table of commands and the one catcher of
errors, ``options`` what commands share, ``output`` the writing.
"""
