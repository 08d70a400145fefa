"""Faces are numbered in reading order, with words for where they are."""

import pytest

from avse.errors import InputError
from avse.faces.choice import read_choice
from avse.faces.layout import arrange


@pytest.mark.parametrize(
    ("positions", "words"),
    [
        ([(5, 5, 2)], [""]),
        ([(2, 5, 2), (8, 5.5, 2)], ["left", "right"]),
        ([(8, 5, 2), (2, 5.5, 2), (5, 5, 3)], ["right", "left", "centre"]),
        ([(2, 2, 2), (8, 2, 2), (2, 8, 2), (8, 8, 2)], ["top left", "top right", "bottom left", "bottom right"]),
        ([(5, 2, 2), (2, 8, 2), (8, 8, 2)], ["top", "bottom left", "bottom right"]),
        ([(n, 5, 0.5) for n in range(4)], ["left", "number 2 from the left", "number 3 from the left", "right"]),
    ],
)
def test_positions_in_words(positions, words):
    assert [cell.position for cell in arrange(positions)] == words


def test_reading_order_is_rows_first():
    cells = arrange([(8, 8, 2), (2, 8, 2), (8, 2, 2), (2, 2.9, 2)])
    assert sorted(range(4), key=lambda i: cells[i][:2]) == [3, 2, 1, 0]


@pytest.mark.parametrize(
    ("speaker", "kind"), [("auto", "auto"), ("top-left", "side"), ("3", "number"), ("0.2,0.7", "point")]
)
def test_choices_are_read(speaker, kind):
    assert read_choice(speaker).kind == kind


@pytest.mark.parametrize(
    ("speaker", "words"),
    [
        ("loudest", "speaker must be auto"),
        ("-1", "speaker must be auto"),
        ("320,200", "must be shares of the frame"),
        ("nobody.jpg", "photograph nobody.jpg must be a file but is missing"),
    ],
)
def test_wrong_choices_are_refused(speaker, words):
    with pytest.raises(InputError, match=words):
        read_choice(speaker)
