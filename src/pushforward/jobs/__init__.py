"""Doorways: each module unpacks one job's spec, calls the package, and saves."""
