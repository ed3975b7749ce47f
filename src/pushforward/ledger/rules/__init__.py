"""What each rule reads and writes: one function a rule, from parameters to jobs."""
