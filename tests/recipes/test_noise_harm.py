"""What a face costs in each type of noise: means and the least, for each type and for all."""

from recipes.steered.noise_harm import main, table


def test_each_type_has_means_and_the_least_and_all_come_last():
    rows = table({"hum": [[0.0, -1.0, 0.5]], "sneeze": [[-2.0, 0.0, 0.5], [1.0, 0.0, 0.5]]})
    assert rows[1] == ["hum", "1", "+0.00 (+0.00)", "-1.00 (-1.00)", "+0.50 (+0.50)"]
    assert rows[2] == ["sneeze", "2", "-0.50 (-2.00)", "+0.00 (+0.00)", "+0.50 (+0.50)"]
    assert rows[3][:3] == ["all", "3", "-0.33 (-2.00)"]


def test_weights_that_are_none_are_one_line(tmp_path, capsys):
    place = tmp_path / "none.safetensors"
    assert main([str(place), "--manifest", str(tmp_path / "m.jsonl"), "--crops", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("noise_harm: error: ")
    assert str(place) in line
