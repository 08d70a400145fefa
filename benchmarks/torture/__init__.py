"""What must not break, tried many times: `make torture`."""
