"""What labelled latents say about the geometry of a latent space: arrays in, frozen records out."""
