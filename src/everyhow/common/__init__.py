"""Small things that every room may use; they know nothing of networks."""
