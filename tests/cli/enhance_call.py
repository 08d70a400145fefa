"""`avse-enhance` in this process, with small weights."""

import pytest

from avse.cli.enhance import main


@pytest.fixture
def run(weights, capsys):
    """Run the command with small weights: exit code, standard output, standard error."""

    def run(*arguments, model=weights):
        code = main([str(argument) for argument in (*arguments, *(("--model", model) if model else ()))])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def refused(result, words, *, code):
    got, out, err = result
    assert got == code
    assert words in err
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err
    assert out == ""
