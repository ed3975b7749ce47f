"""The latent geometry of push-forward generative models."""
