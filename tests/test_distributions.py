"""What is released: wheel and source archive hold what they should and nothing else, and work outside the clone."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import everyhow

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NAME = f"everyhow-{PROJECT['version']}"
# What is not code, and must come with it.
NEEDED = {
    "everyhow/py.typed", "everyhow/report/page/templates/page.html.jinja", "everyhow/report/page/templates/page.css",
    "everyhow/report/page/scripts/viewer.js", "everyhow/sweeps/named/basic.toml",
    f"{NAME}.dist-info/licenses/LICENSE", f"{NAME}.dist-info/entry_points.txt",
}  # fmt: skip
JUNK = ("__pycache__", ".pyc", ".nbi", ".nbc", ".whl", ".venv", ".git/", ".part", ".ipynb_checkpoints", "runs/")
LARGEST_FILE, LARGEST_ARCHIVE = 1_000_000, 10_000_000


def built(kind, source, folder):
    """A distribution of a folder of sources, made without network."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)],
        check=True, capture_output=True, cwd=source,
    )  # fmt: skip
    (made,) = (path for path in folder.iterdir() if path.suffix == (".whl" if kind == "wheel" else ".gz"))
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of the clone."""
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed: pip install 'everyhow[test]'")
    return built("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def archive(wheel, tmp_path_factory):
    """The source archive of the clone."""
    return built("sdist", ROOT, tmp_path_factory.mktemp("archive"))


def contents(wheel):
    """The files of a wheel, with the checksum of each; RECORD has those of all others."""
    with zipfile.ZipFile(wheel) as opened:
        return {one.filename: one.CRC for one in opened.infolist() if not one.filename.endswith("/RECORD")}


def sources():
    """The files of the package, as they lie in the clone."""
    package = Path(everyhow.__file__).parent
    found = (path.relative_to(package.parent) for path in package.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if "__pycache__" not in path.parts}


def test_wheel(wheel):
    """The wheel holds every file of the package, with templates, scripts, plans and types, the licence, and no junk."""
    found = set(contents(wheel))
    assert found >= NEEDED
    assert {name for name in found if name.startswith("everyhow/")} == sources()
    assert [name for name in found if any(one in name for one in JUNK)] == []
    assert {name.split("/")[0] for name in found} == {"everyhow", f"{NAME}.dist-info"}
    with zipfile.ZipFile(wheel) as opened:
        metadata = opened.read(f"{NAME}.dist-info/METADATA").decode()
        assert opened.read(f"{NAME}.dist-info/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    assert "License-Expression: MIT\n" in metadata and "License-File: LICENSE\n" in metadata
    assert "Provides-Extra: sweeps\n" in metadata and "Requires-Dist: duckdb>=" in metadata
    required = [line for line in metadata.splitlines() if line.startswith("Requires-Dist") and "extra ==" not in line]
    assert len(required) == len(PROJECT["dependencies"])


def test_source_archive(wheel, archive, tmp_path):
    """The source archive holds sources, tests and pages, small and without junk, and gives the same wheel."""
    with tarfile.open(archive) as opened:
        files = {one.name: one.size for one in opened.getmembers() if one.isfile()}
        opened.extractall(tmp_path, filter="data")
    top = {name.removeprefix(f"{NAME}/").split("/")[0] for name in files}
    assert top >= {"src", "tests", "docs", "LICENSE", "README.md", "CHANGELOG.md", "CITATION.cff", "pyproject.toml"}
    assert not top & {".ci", ".github", ".venv", "dist", "build", "runs"}
    assert [name for name in files if any(one in name for one in JUNK)] == []
    assert max(files.values()) < LARGEST_FILE and archive.stat().st_size < LARGEST_ARCHIVE
    again = built("wheel", tmp_path / NAME, tmp_path / "wheel")
    assert contents(again) == contents(wheel)


def test_installed_outside_the_clone(wheel, tmp_path):
    """Installed elsewhere, the wheel audits a network and writes its page, and lists and reads its plans."""
    target, home = tmp_path / "installed", tmp_path / "home"
    home.mkdir()
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-compile",
         "--target", str(target), str(wheel)],
        check=True, capture_output=True,
    )  # fmt: skip
    _take_compiled(target / "everyhow" / "kernels")
    environment = {**os.environ, "PYTHONPATH": str(target), "COLUMNS": "80", "TERM": "dumb"}

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, "-P", "-m", *arguments], capture_output=True, text=True, cwd=home, env=environment
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = "import everyhow; print(everyhow.__file__)"
    found = subprocess.run(
        [sys.executable, "-P", "-c", where], capture_output=True, text=True, cwd=home, env=environment
    )
    assert Path(found.stdout.strip()).is_relative_to(target)
    assert run("everyhow", "--version") == f"everyhow {PROJECT['version']}\n"
    assert "unique" in run("everyhow", "audit", "XOR", "--network", "xornet", "--report", "page.html")
    page = (home / "page.html").read_text(encoding="utf-8")
    assert page.count("<script") == page.count("</script") >= 1 and "Content-Security-Policy" in page
    plans = run("everyhow", "sweep", "--list")
    assert {path.stem for path in (ROOT / "src/everyhow/sweeps/named").glob("*.toml")} == {
        line.split()[0] for line in plans.splitlines()
    }
    assert "2-3-3-1" in run("everyhow", "sweep", "basic", "--dry-run", "--probe", "0")
    assert {path.name for path in home.iterdir()} == {"page.html"}


def _take_compiled(kernels):
    """Kernels that are compiled already, if any: to compile them again takes half a minute and tests nothing here. They
    are known by their sources' names, sizes and dates."""
    own = Path(everyhow.__file__).parent / "kernels"
    for path in own.glob("*.py"):
        shutil.copystat(path, kernels / path.name)
    if (own / "__pycache__").is_dir():
        shutil.copytree(own / "__pycache__", kernels / "__pycache__", ignore=shutil.ignore_patterns("*.pyc"))


def test_citation():
    """The citation is of this version, and of the paper."""
    yaml = pytest.importorskip("yaml")
    found = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (found["cff-version"], found["title"], found["license"]) == ("1.2.0", PROJECT["name"], PROJECT["license"])
    assert str(found["version"]) == PROJECT["version"]
    assert found["authors"] == PROJECT["authors"]
    (paper,) = found["references"]
    assert [one["family-names"] for one in paper["authors"]] == ["Méloux", "Maniu", "Portet", "Peyrard"]
    assert paper["title"] in " ".join((ROOT / "README.md").read_text(encoding="utf-8").replace("*", "").split())
    assert paper["identifiers"][0]["value"].removeprefix("arXiv:") in (ROOT / "README.md").read_text(encoding="utf-8")


def test_lowest_versions():
    """`make lowest` installs exactly the lowest versions that are allowed, but of PyTorch, which is held."""

    def numbers(version):
        return tuple(map(int, [*version.split("."), "0", "0"][:3]))

    asked = [*PROJECT["dependencies"]]
    for extra in ("train", "plot", "sweeps", "pandas", "onnx"):
        asked += PROJECT["optional-dependencies"][extra]
    asked += [one for one in PROJECT["optional-dependencies"]["test"] if one.startswith("scikit-learn")]
    allowed = {re.split(r"[\[>]", one)[0]: numbers(one.partition(">=")[2]) for one in asked}
    allowed["distributed"] = allowed["dask"]
    lines = (ROOT / "constraints-lowest.txt").read_text(encoding="utf-8").splitlines()
    held = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert {name: numbers(one) for name, one in held.items() if name != "torch"} == {
        name: one for name, one in allowed.items() if name != "torch"
    }
    assert f"torch=={held['torch']}" in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()


def test_no_large_files():
    """No file of the repository is larger than 1 MB: what is committed once stays in its history."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a clone")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    sizes = {name: (ROOT / name).stat().st_size for name in listed.split("\0") if name and (ROOT / name).is_file()}
    assert len(sizes) > 100 and sizes["pyproject.toml"] == (ROOT / "pyproject.toml").stat().st_size
    assert {name: size for name, size in sizes.items() if size > LARGEST_FILE} == {}


def test_workflow_calls_what_is_there():
    """The workflows call targets of the Makefile that exist, and test the versions of Python that are promised."""
    yaml = pytest.importorskip("yaml")
    if not (ROOT / ".github").is_dir():
        pytest.skip("not a clone")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {one for line in makefile.splitlines() if not line.startswith("\t") for one in line.split(":")[0].split()}
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    jobs = workflow["jobs"]
    called = [
        step["run"].split()[1] for job in jobs.values() for step in job["steps"] if step.get("run", "")[:5] == "make "
    ]
    assert called == ["lint", "${{", "docs", "links"]
    promised = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if "Python :: 3." in line]
    which = {one["which"]: one["python"] for one in jobs["versions"]["strategy"]["matrix"]["include"]}
    assert which == {"lowest": promised[0], "newest": promised[-1]} and {"lint", "links", *which} <= targets
    assert jobs["tests"]["strategy"]["matrix"]["python"] == promised
