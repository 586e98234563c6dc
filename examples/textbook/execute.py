"""Runs the notebooks of this folder and stores their outputs in them; `make notebooks` does.

`python examples/textbook/execute.py` runs all, and with `induction` behind it that one. What is stored holds
no time and no path, so that a notebook that finds the same again stays the same, to the byte. The seconds of processor
time that each took are printed, and kept in `seconds.json`. The first picture of each is shown in
docs/findings/textbook.md.
"""

import base64
import json
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
SECONDS = HERE / "seconds.json"
FIGURES = HERE.parent.parent / "docs" / "figures"


def executed(path: Path) -> nbformat.NotebookNode:
    """The notebook of a file, run in the folder of the file, with nothing in it that another run would not store."""
    notebook = nbformat.read(path, 4)
    NotebookClient(notebook, timeout=1200, resources={"metadata": {"path": str(path.parent)}}).execute()
    return plain(notebook)


def plain(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A notebook without times, versions and names of machines."""
    notebook.metadata = nbformat.from_dict(KERNEL)
    for k, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"cell-{k}", nbformat.from_dict({})
        outputs: list[nbformat.NotebookNode] = []
        for output in cell.get("outputs", []):
            output.get("metadata", {}).clear()
            # What is printed comes in as many pieces as it happens to.
            if outputs and "text" in output and outputs[-1].get("name") == output.name:
                outputs[-1].text += output.text
            else:
                outputs.append(output)
        if cell.cell_type == "code":
            cell.outputs = outputs
    return notebook


def first_picture(notebook: nbformat.NotebookNode) -> bytes:
    """The first picture that a notebook shows, as a PNG file."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return base64.b64decode(
        next(output.data["image/png"] for output in outputs if "image/png" in output.get("data", {}))
    )


def processor_seconds() -> float:
    """What the kernels took that ran so far."""
    times = os.times()
    return times.children_user + times.children_system


def main() -> None:
    names = sys.argv[1:] or sorted(path.stem for path in HERE.glob("*.ipynb"))
    for name in names:
        before = processor_seconds()
        path = HERE / f"{name}.ipynb"
        notebook = executed(path)
        nbformat.write(notebook, path)
        (FIGURES / f"textbook-{name}.png").write_bytes(first_picture(notebook))
        taken = json.loads(SECONDS.read_text()) if SECONDS.exists() else {}
        taken = dict(sorted((taken | {name: round(processor_seconds() - before)}).items()))
        SECONDS.write_text(json.dumps(taken, indent=1) + "\n")
        print(f"{name}: {taken[name]} s of processor time, {path.stat().st_size / 1000:,.0f} kB")


if __name__ == "__main__":
    main()
