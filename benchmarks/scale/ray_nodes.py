"""A small Ray cluster on this machine, with ports of its own."""

import socket
from typing import Any

PORTS = ("metrics_agent_port", "dashboard_agent_listen_port", "runtime_env_agent_port", "metrics_export_port")


def node_options(*, n_cores: int) -> dict[str, Any]:
    """Options of a node of `ray.cluster_utils.Cluster`."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return {
        "num_cpus": n_cores, "object_store_memory": 100 * 2**20,
        "include_dashboard": False,
        **dict(zip(PORTS, ports, strict=True)),
    }  # fmt: skip
