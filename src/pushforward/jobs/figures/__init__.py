"""Doorways of the figures: each evaluates what its figure shows, draws it, and states what was measured."""
