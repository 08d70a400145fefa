"""Videos as vectors, and the nearest of them."""
