"""The page of the interface: plain HTML from its OpenAPI description, which loads nothing from elsewhere."""

from html import escape
from typing import Any

STYLE = "body{font:16px sans-serif;max-width:60em;margin:2em auto}td{padding:0 1em 0 0;vertical-align:top}"
STREAM = """<h2>WebSocket /v1/stream</h2>
<p>First a text message: JSON with <code>sample_rate</code> and, if wanted, <code>n_channels</code>,
<code>speaker</code>, <code>mix</code>, <code>atten_lim_db</code>. The server answers <code>{"event": "ready"}</code>.
Then binary messages: 16 bytes (a letter padded with zeros to 8, and a little-endian 64-bit float, seconds), and the
content: <code>a</code> 32-bit float samples, channels interleaved; <code>v</code> a JPEG, taken so many seconds after
the first sample. The server sends enhanced audio as <code>a</code>. Any text message ends the call: the rest of the
audio and <code>{"event": "end"}</code> follow. An error is <code>{"event": "error", "error": ...}</code>.</p>"""


def page_of(schema: dict[str, Any]) -> str:
    """An HTML page of an OpenAPI description."""
    parts = [
        "<!doctype html><meta charset='utf-8'><title>avse</title>",
        f"<style>{STYLE}</style>",
        f"<h1>{_text(schema['info']['title'])} {_text(schema['info']['version'])}</h1>",
        f"<p>{_text(schema['info'].get('description', ''))} <a href='openapi.json'>openapi.json</a></p>",
    ]
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            parts.append(f"<h2>{method.upper()} {_text(path)}</h2><p>{_text(operation.get('summary', ''))}</p>")
            parts.append(_table(operation.get("parameters", [])))
    return "\n".join([*parts, STREAM])


def _table(parameters: list[dict[str, Any]]) -> str:
    rows = [
        f"<tr><td><code>{_text(one['name'])}</code></td><td>{_text(one.get('description', ''))}</td></tr>"
        for one in parameters
    ]
    return f"<table>{''.join(rows)}</table>" if rows else ""


def _text(value: object) -> str:
    return escape(str(value))
