"""Parts with weights."""
