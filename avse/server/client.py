"""A client of the service, for files and for calls; the files need nothing but Python."""

import http.client
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import numpy as np

from avse.errors import AvseError, InputError, MissingExtraError
from avse.media.output import atomic_write
from avse.server.messages import VIDEO, audio_message, decode, encode, samples_of
from avse.types import Waveform

POLL_S = 0.5
"""Between two questions for a file's state."""


class ServerError(AvseError):
    """The server refused, or is not there."""


class Client:
    """Talks to one server."""

    def __init__(
        self, url: str = "http://127.0.0.1:8117", *, token: str | None = None, timeout_s: float = 60.0
    ) -> None:
        """Name the server.

        Args:
            url: `http://host:port`.
            token: that the server wants.
            timeout_s: of one request.

        Raises:
            InputError: the URL is none.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"url must be http://host:port but is {url!r}; correct it")
        self._parts, self._timeout_s = parts, timeout_s
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def health(self) -> dict[str, Any]:
        """Version, model and load of the server."""
        return self._json("GET", "/v1/health")

    def upload(self, path: Path, **options: Any) -> str:
        """Send a file; its id.

        Args:
            path: of a media file.
            options: `speaker`, `mix`, `atten_lim_db`, `audio_only`.

        Raises:
            ServerError: it is refused.
        """
        query = urlencode({"name": path.name, **{name: value for name, value in options.items() if value is not None}})
        with path.open("rb") as file:
            row = self._json(
                "POST", f"/v1/files?{query}", body=file, headers={"Content-Length": str(path.stat().st_size)}
            )
        return str(row["id"])

    def state(self, identifier: str) -> dict[str, Any]:
        """What became of a file so far."""
        return self._json("GET", f"/v1/files/{quote(identifier)}")

    def wait(self, identifier: str, *, timeout_s: float | None = None) -> dict[str, Any]:
        """Wait for a file.

        Raises:
            ServerError: it failed, or takes longer than `timeout_s`.
        """
        until_s = None if timeout_s is None else time.monotonic() + timeout_s
        while (row := self.state(identifier))["state"] in ("queued", "running"):
            if until_s is not None and time.monotonic() > until_s:
                raise ServerError(
                    f"file {identifier} must be done in {timeout_s:g} s but is {row['state']}; wait longer"
                )
            time.sleep(POLL_S)
        if row["state"] != "done":
            raise ServerError(row["error"] or f"file {identifier} must be done but is {row['state']}")
        return row

    def download(self, identifier: str, output: Path, *, force: bool = False) -> None:
        """Write the enhanced file.

        Raises:
            ServerError: it is not done.
            MediaError: the output exists, or cannot be written.
        """
        response = self._response("GET", f"/v1/files/{quote(identifier)}/result")
        with atomic_write(output, force=force) as temporary, temporary.open("wb") as file, response as content:
            shutil.copyfileobj(content, file)

    def delete(self, identifier: str) -> None:
        """Cancel a file, and delete all of it from the server."""
        with self._response("DELETE", f"/v1/files/{quote(identifier)}"):
            pass

    def enhance(self, path: Path, output: Path, *, force: bool = False, **options: Any) -> dict[str, Any]:
        """Send a file, wait, write the enhanced one, and delete it from the server; what was done.

        Raises:
            ServerError: it is refused or fails.
        """
        identifier = self.upload(path, **options)
        try:
            row = self.wait(identifier)
            self.download(identifier, output, force=force)
        finally:
            self.delete(identifier)
        return row

    def stream(self, **options: Any) -> "CallStream":
        """Begin a call; options as of `avse.server.stream_session.StreamOptions`."""
        scheme = "wss" if self._parts.scheme == "https" else "ws"
        return CallStream(f"{scheme}://{self._parts.netloc}/v1/stream", headers=self._headers, options=options)

    def _json(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        with self._response(method, path, **request) as response:
            row: dict[str, Any] = json.loads(response.read())
            return row

    @contextmanager
    def _response(
        self, method: str, path: str, *, body: Any = None, headers: dict[str, str] | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(str(self._parts.hostname), self._parts.port, timeout=self._timeout_s)
        try:
            connection.request(method, path, body=body, headers={**self._headers, **(headers or {})})
            response = connection.getresponse()
            if response.status >= 400:
                raise ServerError(_reason(response))
            yield response
        except OSError as error:
            where = f"{self._parts.scheme}://{self._parts.netloc}"
            raise ServerError(f"server {where} must answer but does not ({error}); start avse-serve there") from None
        finally:
            connection.close()


class CallStream:
    """A call: audio and video frames out, enhanced audio back. A context manager."""

    def __init__(self, url: str, *, headers: dict[str, str], options: dict[str, Any]) -> None:
        """Connect.

        Raises:
            MissingExtraError: websockets is not installed.
            ServerError: the server refuses, or is not there.
        """
        try:
            from websockets.exceptions import WebSocketException
            from websockets.sync.client import connect
        except ModuleNotFoundError:
            raise MissingExtraError("a stream needs websockets; pip install 'avse[server]'") from None
        self._n_channels, self._closed_error = int(options.get("n_channels", 1)), WebSocketException
        self._stack = ExitStack()
        try:
            opened = connect(url, additional_headers=headers, compression=None, max_size=None, proxy=None)
            self._socket = self._stack.enter_context(opened)
            self._socket.send(json.dumps(options))
            self.ready = self._event(self._socket.recv())
        except (OSError, WebSocketException) as error:
            self._stack.close()
            raise ServerError(f"server {url} must take a stream but does not ({error})") from None
        except ServerError:
            self._stack.close()
            raise
        self.end: dict[str, Any] | None = None
        """What there was, once the call is over."""

    def send(self, samples: Waveform, *, time_s: float = 0.0) -> None:
        """Send audio, `(channels, samples)` or `(samples,)`, full scale +-1; waits where the server is behind.

        Raises:
            ServerError: the server ended the call.
        """
        self._send(audio_message(np.atleast_2d(samples), time_s=time_s))

    def send_frame(self, jpeg: bytes, *, time_s: float) -> None:
        """Send a video frame that was taken `time_s` seconds after the first sample."""
        self._send(encode(VIDEO, jpeg, time_s=time_s))

    def receive(self, *, timeout_s: float | None = None) -> Waveform | None:
        """Enhanced audio, `(channels, samples)`; None once the call is over.

        Raises:
            TimeoutError: none came in time.
            ServerError: the server ended the call.
        """
        try:
            message = self._socket.recv(timeout=timeout_s)
        except self._closed_error as error:
            raise ServerError(f"server must keep the stream open but ended it ({error})") from None
        if isinstance(message, str):
            self.end = self._event(message)
            return None
        return samples_of(decode(message), n_channels=self._n_channels)

    def finish(self) -> None:
        """Tell the server that all was sent; what is left is to be received."""
        self._send(json.dumps({"event": "end"}))

    def _send(self, message: bytes | str) -> None:
        try:
            self._socket.send(message)
        except self._closed_error as error:
            raise ServerError(f"server must keep the stream open but ended it ({error})") from None

    def __enter__(self) -> "CallStream":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Hang up."""
        self._stack.close()

    @staticmethod
    def _event(message: str | bytes) -> dict[str, Any]:
        row: dict[str, Any] = json.loads(message)
        if row.get("event") == "error":
            raise ServerError(row["error"])
        return row


def _reason(response: http.client.HTTPResponse) -> str:
    try:
        detail = json.loads(response.read()).get("detail")
    except (ValueError, AttributeError):
        detail = None
    return str(detail or f"server answers {response.status} {response.reason}")
