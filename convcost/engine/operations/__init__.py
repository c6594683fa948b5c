"""All formulas: one small frozen dataclass per primitive, output shape and cost side by side.

A file holds one family; ``base`` says what an operation answers. Import from the family's file:
a run that counts convolutions does not need the others.
"""
