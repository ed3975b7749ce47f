"""From a checkpoint to latents, samples and labels."""
