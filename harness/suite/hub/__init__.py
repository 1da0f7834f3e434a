"""What only the hub's own library does: it asks the hub, reads the token, and fetches."""
