"""Damage done to files: flipped, zeroed, repeated, moved, cut and inserted bytes, near the header as often as not."""

import numpy as np


def mutate(data: bytes, rng: np.random.Generator) -> bytes:
    """One to four random changes of a file's bytes."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        if not changed:
            break
        changed = CHANGES[int(rng.integers(len(CHANGES)))](changed, rng)
    return bytes(changed)


def _place(data: bytearray, rng: np.random.Generator) -> int:
    reach = min(len(data), 256) if rng.random() < 0.5 else len(data)
    return int(rng.integers(reach))


def _flip(data: bytearray, rng: np.random.Generator) -> bytearray:
    for _ in range(int(rng.integers(1, 9))):
        data[_place(data, rng)] ^= 1 << int(rng.integers(8))
    return data


def _overwrite(data: bytearray, rng: np.random.Generator) -> bytearray:
    start = _place(data, rng)
    value = [b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", rng.bytes(4)][int(rng.integers(5))]
    data[start : start + 4] = value[: len(data) - start]
    return data


def _zero(data: bytearray, rng: np.random.Generator) -> bytearray:
    start = _place(data, rng)
    end = min(len(data), start + int(rng.integers(1, 2000)))
    data[start:end] = bytes(end - start)
    return data


def _remove(data: bytearray, rng: np.random.Generator) -> bytearray:
    start = _place(data, rng)
    del data[start : start + int(rng.integers(1, 500))]
    return data


def _insert(data: bytearray, rng: np.random.Generator) -> bytearray:
    start = _place(data, rng)
    data[start:start] = rng.bytes(int(rng.integers(1, 200)))
    return data


def _repeat(data: bytearray, rng: np.random.Generator) -> bytearray:
    start = _place(data, rng)
    part = data[start : start + int(rng.integers(1, 2000))]
    data[start:start] = part * int(rng.integers(1, 4))
    return data


def _move(data: bytearray, rng: np.random.Generator) -> bytearray:
    start, length, to = _place(data, rng), int(rng.integers(1, 1000)), _place(data, rng)
    part = data[start : start + length]
    data[to : to + len(part)] = part[: len(data) - to]
    return data


def _cut(data: bytearray, rng: np.random.Generator) -> bytearray:
    return data[: _place(data, rng)]


CHANGES = (_flip, _flip, _overwrite, _overwrite, _zero, _remove, _insert, _repeat, _move, _cut)
