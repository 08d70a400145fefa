"""Enhancement as a service: files over HTTP, and calls over WebSocket."""
