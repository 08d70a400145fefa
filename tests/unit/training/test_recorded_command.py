"""What a run's record says was typed."""

import pytest

from avse.training.run import describe_software


@pytest.mark.parametrize("data", ["/corpora/pack", "/corpora/pack/"])
def test_the_data_stand_by_their_name_and_not_by_their_place(monkeypatch, data):
    monkeypatch.setenv("AVSE_DATA", data)
    typed = ["train", "--videos", "/corpora/pack", "--noise", "/corpora/pack/noise", "--other", "/corpora/package"]
    monkeypatch.setattr("sys.argv", typed)
    command = describe_software()["command"]
    assert command == "train --videos $AVSE_DATA --noise $AVSE_DATA/noise --other /corpora/package"
