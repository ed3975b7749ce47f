"""From samples to vectors and labels: what metrics compare and probes learn from."""
