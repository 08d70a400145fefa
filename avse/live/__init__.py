"""Enhancement while somebody speaks: devices, sessions, streams."""
