"""The figures of the papers, one module each: `draw` takes arrays and records and gives a figure, and does no more."""
