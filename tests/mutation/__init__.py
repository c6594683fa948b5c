"""The parts of ``tests/mutate.py``: the changes, what each test runs, and the runs themselves."""
