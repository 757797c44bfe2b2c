"""Where answers are kept."""
