"""The made-up shop that the first start shows."""
