"""The page as a web application that needs nothing of the network, and the server that shows it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import socket
from typing import Any

from avse.demo.call import Calls
from avse.demo.page_session import Sessions
from avse.demo.settings import LOOPBACK, DemoSettings
from avse.enhance.enhancer import Enhancer
from avse.media.output import scratch_folder
from avse.models.pretrained import DEFAULT_MODEL

POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "connect-src 'self' blob: data:",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
"""A browser loads nothing from elsewhere, whatever Gradio's own pages ask for."""


@contextmanager
def site(settings: DemoSettings) -> Iterator[Any]:
    """The page as an ASGI application; all of its files are deleted at the end.

    Args:
        settings: limits and address.

    Raises:
        ConfigError: no such model.
        MissingExtraError: Gradio is not installed.
    """
    with scratch_folder() as folder:
        offline(folder / "uploads")
        import fastapi
        import gradio as gr
        from starlette.middleware.trustedhost import TrustedHostMiddleware
        from starlette.routing import WebSocketRoute

        from avse.demo.page import Page, build, static

        results = folder / "results"
        results.mkdir()
        enhancer = Enhancer.load(settings.model or DEFAULT_MODEL)
        page = Page(settings, Sessions(results, max_idle_s=settings.max_idle_s), enhancer)
        app = fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        if settings.host == LOOPBACK:  # a name of somebody's else that points here must not reach the page
            app.add_middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost"])
        app.add_middleware(_Policy)
        app.router.routes.append(WebSocketRoute("/avse/live", Calls(settings, enhancer).answer))
        fonts = ["system-ui", "sans-serif"]
        yield gr.mount_gradio_app(
            app, build(page), path="", server_name=settings.host, server_port=settings.port, footer_links=[],
            run_history=False, allowed_paths=[str(results)], show_error=False, ssr_mode=False, pwa=False,
            max_file_size=settings.max_upload_mb * 2**20, enable_monitoring=False, mcp_server=False,
            css=static("page.css"),
            theme=gr.themes.Default(font=fonts, font_mono=["ui-monospace", "monospace"]),
        )  # fmt: skip


def offline(uploads: Path) -> None:
    """Tell Gradio, before it is imported, to report nothing to anybody, and where uploads and caches belong."""
    uploads.mkdir(parents=True, exist_ok=True)
    os.environ["GRADIO_TEMP_DIR"] = str(uploads)
    os.environ.setdefault("MPLCONFIGDIR", str(uploads.parent / "matplotlib"))  # otherwise the user's home
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["HF_HUB_OFFLINE"] = "1"


def serve(settings: DemoSettings, listener: socket, *, ready: Any = None) -> None:
    """Show the page until Ctrl-C.

    Args:
        settings: limits and address.
        listener: bound to that address.
        ready: is called with the page's address once it can be opened.

    Raises:
        ConfigError: as of `site`.
    """
    import uvicorn

    with listener, site(settings) as app:
        host, port = listener.getsockname()[:2]
        config = uvicorn.Config(app, log_level="error", access_log=False, timeout_graceful_shutdown=2)
        if ready is not None:
            ready(f"http://{host}:{port}/")
        with suppress(KeyboardInterrupt):  # its normal end, which uvicorn passes on once all is closed
            uvicorn.Server(config).run(sockets=[listener])


class _Policy:
    """Adds the content security policy to every answer."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def with_policy(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"content-security-policy", POLICY.encode()),
                    (b"x-content-type-options", b"nosniff"),
                    (b"referrer-policy", b"same-origin"),
                ]
            await send(message)

        await self._app(scope, receive, with_policy if scope["type"] == "http" else send)
