"""Gradio opens event loops when a page is built outside of one, and never closes them."""

import asyncio

import pytest


@pytest.fixture(autouse=True)
def closed_event_loops(monkeypatch):
    loops, new_event_loop = [], asyncio.new_event_loop

    def recorded():
        loops.append(new_event_loop())
        return loops[-1]

    monkeypatch.setattr(asyncio, "new_event_loop", recorded)
    yield
    asyncio.set_event_loop(None)
    for loop in loops:
        loop.close()
