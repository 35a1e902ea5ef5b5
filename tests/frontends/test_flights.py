"""The executed flights notebook, beyond what holds for every notebook."""

import nbformat

FLIGHTS = 336_776  # in the csv file


def text_of(output: dict) -> str:
    """An output as plain text."""
    if output.output_type == "stream":
        return output.text
    return output.get("data", {}).get("text/plain", "")


def test_all_flights_were_loaded(flights):
    cells = [cell for cell in nbformat.read(flights, as_version=4).cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    texts = " ".join(text_of(output) for output in outputs).replace(",", "").replace("\u202f", "")
    assert str(FLIGHTS) in texts
