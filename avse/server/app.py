"""The HTTP and WebSocket interface of the service, as an ASGI application."""

import asyncio
import hmac
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from fastapi import FastAPI, HTTPException, Query, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse

from avse._version import __version__
from avse.enhance.enhancer import Enhancer
from avse.errors import AvseError, InputError
from avse.faces.detectors import load_detector
from avse.media.suffixes import AUDIO, VIDEO, WRITABLE, WRITTEN_INSTEAD
from avse.server.api_page import page_of
from avse.server.config import ServerConfig
from avse.server.file_queue import FileJob, FileQueue, FullError, ServerFileError, options_of
from avse.server.messages import decode
from avse.server.stream_session import StreamOptions, StreamSession

BUSY, TOO_LARGE, REFUSED = 1013, 1009, 1008
"""Codes that a stream is closed with (RFC 6455)."""


class Server:
    """The state behind the application."""

    def __init__(self, config: ServerConfig, *, factory: str = "avse.enhance.work:enhance_worker") -> None:
        """Load the model of the streams.

        Args:
            config: limits and addresses.
            factory: of the workers of files.

        Raises:
            ConfigError: there is no such model.
        """
        self.config = config
        self.files = FileQueue(config, factory=factory)
        self.enhancer = Enhancer.load(config.model)
        self.n_streams = 0

    async def upload(
        self,
        request: Request,
        *,
        name: str,
        speaker: str,
        mix: float,
        atten_lim_db: float | None,
        audio_only: bool,
    ) -> JSONResponse:
        """Take a file as the body of a request, and queue it."""
        query = {"speaker": speaker, "mix": mix, "atten_lim_db": atten_lim_db, "audio_only": audio_only}
        try:
            mixing, speaker, audio_only = options_of(query)
            suffix = _suffix(name)
            self.files.check_room()
        except FullError as error:
            raise HTTPException(503, str(error), headers={"Retry-After": "10"}) from None
        except ServerFileError as error:
            raise HTTPException(400, str(error)) from None
        except AvseError as error:
            raise HTTPException(422, str(error)) from None
        identifier, folder = self.files.new_folder()
        source = folder / f"upload{suffix}"
        try:
            await self._read(request, source)
            output = suffix if suffix in (*VIDEO, *WRITABLE) else WRITTEN_INSTEAD.get(suffix, ".wav")
            job = self.files.add(
                identifier, source, suffix=output, speaker=speaker, mixing=mixing, audio_only=audio_only
            )
        except FullError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise HTTPException(503, str(error), headers={"Retry-After": "10"}) from None
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return JSONResponse(job.as_json(), status_code=202)

    async def _read(self, request: Request, path: Path) -> None:
        limit, n_bytes = self.config.max_upload_bytes, 0
        too_large = f"a file must have at most {self.config.max_upload_mb:g} MB but has more; cut it"
        if int(request.headers.get("content-length") or 0) > limit:
            raise HTTPException(413, too_large)
        with path.open("wb") as file:
            async for chunk in request.stream():
                n_bytes += len(chunk)
                if n_bytes > limit:
                    raise HTTPException(413, too_large)
                await asyncio.to_thread(file.write, chunk)
        if not n_bytes:
            raise HTTPException(422, "the body must be a media file but is empty; send one")

    async def stream(self, socket: WebSocket) -> None:
        """Enhance a call. Messages are taken one after another: a client that sends too fast has to wait."""
        await socket.accept()
        if self.n_streams >= self.config.max_streams:
            await _refuse(socket, BUSY, f"server must have room but has {self.n_streams} streams; try again later")
            return
        self.n_streams += 1
        try:
            await self._converse(socket)
        except (InputError, ValueError, TypeError) as error:
            await _refuse(socket, REFUSED, str(error))
        except TimeoutError:
            await _refuse(socket, REFUSED, f"a stream must send something every {self.config.stream_idle_s:g} s")
        except WebSocketDisconnect:
            pass
        finally:
            self.n_streams -= 1

    async def _converse(self, socket: WebSocket) -> None:
        options = StreamOptions.from_json(json.loads(await self._next(socket.receive_text())))
        session = await asyncio.to_thread(self._begin, options)
        await socket.send_json({"event": "ready", "version": __version__, "latency_s": session.latency_s})
        while True:
            row = await self._next(socket.receive())
            if row["type"] == "websocket.disconnect":
                return
            if row.get("bytes") is None:
                break  # any text ends the call
            answer = await asyncio.to_thread(session.take, decode(row["bytes"]))
            if answer is not None:
                await socket.send_bytes(answer)
        last, about = await asyncio.to_thread(session.finish)
        if last is not None:
            await socket.send_bytes(last)
        await socket.send_json(about)
        await socket.close()

    def _begin(self, options: StreamOptions) -> StreamSession:
        return StreamSession(self.enhancer, options, detector=load_detector("auto"))

    async def _next(self, message: Awaitable[Any]) -> Any:
        return await asyncio.wait_for(message, self.config.stream_idle_s)


def create_app(config: ServerConfig, *, factory: str = "avse.enhance.work:enhance_worker") -> FastAPI:
    """Make the application.

    Args:
        config: limits and addresses.
        factory: of the workers of files.

    Raises:
        ConfigError: there is no such model.
    """
    server = Server(config, factory=factory)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with server.files:
            yield

    app = FastAPI(
        title="avse", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None,
        description="Audio-visual speech enhancement: files over HTTP, calls over WebSocket at /v1/stream.",
    )  # fmt: skip
    app.state.server = server
    app.middleware("http")(_guard(config))
    _add_files(app, server)

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    def page() -> str:
        return page_of(app.openapi())

    @app.get("/v1/health", summary="Version, model and load")
    def health() -> dict[str, Any]:
        return {
            "version": __version__, "model": server.enhancer.model.name, "files": server.files.counts(),
            "streams": server.n_streams, "max_streams": config.max_streams,
        }  # fmt: skip

    @app.websocket("/v1/stream")
    async def stream(socket: WebSocket) -> None:
        if not _is_allowed(config, socket.headers.get("authorization")):
            await socket.close(REFUSED)
            return
        await server.stream(socket)

    return app


def _add_files(app: FastAPI, server: Server) -> None:
    @app.post("/v1/files", status_code=202, summary="Upload a file as the request's body, and queue it")
    async def upload(
        request: Request,
        name: str = Query(description="name of the file, whose suffix tells its format"),
        speaker: str = Query("auto", description="whose voice, as of avse-enhance, but for a photograph"),
        mix: float = Query(1.0, ge=0, le=1, description="0 gives the input back, 1 the enhanced audio only"),
        atten_lim_db: float | None = Query(None, ge=0, description="lower the noise by at most this much, dB"),
        audio_only: bool = Query(False, description="do not look at the video"),
    ) -> JSONResponse:
        return await server.upload(
            request, name=name, speaker=speaker, mix=mix, atten_lim_db=atten_lim_db, audio_only=audio_only
        )

    @app.get("/v1/files/{identifier}", summary="State of a file: queued, running, done or failed")
    def state(identifier: str) -> dict[str, Any]:
        return _found(server, identifier).as_json()

    @app.get("/v1/files/{identifier}/result", summary="The enhanced file")
    def result(identifier: str) -> FileResponse:
        job = _found(server, identifier)
        if job.state != "done":
            raise HTTPException(409, job.error or f"file must be done but is {job.state}; ask for its state first")
        return FileResponse(job.target, filename=f"enhanced{job.target.suffix}")

    @app.delete("/v1/files/{identifier}", status_code=204, summary="Cancel a file, and delete all of it")
    def delete(identifier: str) -> Response:
        if not server.files.delete(identifier):
            raise HTTPException(404, "file must exist but does not; it may have been deleted")
        return Response(status_code=204)


def _found(server: Server, identifier: str) -> FileJob:
    job = server.files.get(identifier)
    if job is None:
        raise HTTPException(404, "file must exist but does not; it may have been deleted")
    return job


def _suffix(name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in (*VIDEO, *AUDIO):
        raise InputError(f"name must end as media files do but is {name[:60]!r}; give it the file's own suffix")
    return suffix


def _is_allowed(config: ServerConfig, header: str | None) -> bool:
    if not config.token:
        return True
    return hmac.compare_digest((header or "").encode(), f"Bearer {config.token}".encode())


def _guard(config: ServerConfig) -> Callable[[Request, Callable[[Request], Awaitable[Response]]], Awaitable[Response]]:
    async def check(request: Request, follow: Callable[[Request], Awaitable[Response]]) -> Response:
        if not _is_allowed(config, request.headers.get("authorization")):
            words = "a request must carry Authorization: Bearer TOKEN but does not; ask for the token"
            return JSONResponse({"detail": words}, status_code=401, headers={"WWW-Authenticate": "Bearer"})
        return await follow(request)

    return check


async def _refuse(socket: WebSocket, code: int, reason: str) -> None:
    """Say why, and close; a client that is gone hears nothing."""
    try:
        await socket.send_json({"event": "error", "error": reason})
        await socket.close(code, reason[:120])
    except (RuntimeError, WebSocketDisconnect):
        return
