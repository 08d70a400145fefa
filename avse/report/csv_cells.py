"""Cells of tables that spreadsheets open."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""How spreadsheets know a formula."""


def inert(cell: str) -> str:
    """A cell of text that spreadsheets do not take for a formula: names of files may begin like one.

    Numbers stay as they are.
    """
    try:
        float(cell)
    except ValueError:
        return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
    return cell
