"""What answers the questions of an evaluation."""
