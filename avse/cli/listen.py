"""The socket of the page and of the service, taken before anything is loaded."""

import socket
from contextlib import ExitStack

from avse.errors import InputError


def listen_on(host: str, port: int) -> socket.socket:
    """Take an address before anything is loaded.

    Raises:
        InputError: it is taken, or none of this machine.
    """
    with ExitStack() as stack:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            found = stack.enter_context(socket.socket(family, kind, protocol))
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind(address)
            found.listen()
        except OSError as error:
            raise InputError(
                f"--host {host} --port {port} must be free to listen on but is not ({error.strerror or error}); choose "
                "others"
            ) from None
        stack.pop_all()
        return found
