"""What the installed transformers has: its model types, their classes, architectures and tasks."""
