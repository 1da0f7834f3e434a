"""What happens inside the container: the only room that imports torch and transformers."""
