"""One file per paper or product."""
