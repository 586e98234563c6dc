"""Findings and benchmarks: tables are of the plans as they are today, what is said of them is what they hold."""

import json
import re

import pytest

from everyhow.sweeps.plan import named_plans, read_plan

from ..sweeps.fabricated import fabricate
from .building import DOCS, benchmarks, experiments, findings

STORED = {name: found for name in named_plans() if (found := findings.read(name))}
PAGES = DOCS / "findings" / "experiments"


def shares(name, kind, rung):
    """The share with exactly one left, by setting, of settings with ten networks or more of which all is known."""
    found = {}
    for one in STORED[name]["survivors"]:
        of = sum(one[key] for key in ("none", "trivial", "one", "several", "unknown"))
        if (one["kind"], one["rung"]) == (kind, rung) and of >= 10 and not one["unknown"]:
            found[one["setting"]] = one["one"] / of
    return found


def seldom(name):
    """The measures of which some test of an experiment has a small p."""
    tests = [*STORED[name]["trends"], *STORED[name]["contrasts"]]
    return {one["measure"]["key"] for one in tests if one["measure"]["preset"] == "paper" and one["p"] < 0.05}


def spreads(name, key):
    """The spread of a count, setting by setting."""
    return [one for one in STORED[name]["spreads"] if one["measure"]["key"] == key]


@pytest.mark.parametrize("name", STORED)
def test_tables_are_of_the_plans_of_today(name):
    """A plan that was changed since makes its table, and what pages say of it, stale."""
    stored, path = STORED[name], findings.TABLES / f"{name}.json"
    own = read_plan(name, stored["networks_of_each_setting"])
    assert stored["plan"] == own.toml() and stored["title"] == own.title
    assert len(stored["digest"]) == 64 and stored["versions"].keys() >= {"everyhow", "python", "torch"}
    assert path.stat().st_size < 100_000 and path.read_text("utf-8") == findings.text(
        json.loads(path.read_text("utf-8"))
    )
    assert (PAGES / f"{name}.md").read_text("utf-8").count(f"```{{found}} {name}\n") == 1


def test_every_experiment_is_listed():
    """Run or not, by its name; those that were run have a page."""
    assert {file.stem for file in PAGES.glob("*.md")} == STORED.keys()
    run, missing = findings.overview(), findings.missing()
    assert set(re.findall(r"\]\(experiments/([\w-]+)\.md\)", run)) == STORED.keys()
    assert set(re.findall(r"^\| `([\w-]+)` \|", missing, re.M)) == named_plans().keys() - STORED.keys()
    every = experiments.Experiments.markdown(None)
    assert re.findall(r"^\| `([\w-]+)` \|", every, re.M) == list(named_plans())
    assert "| `learning_rate`: 0.0001; 0.0003; 0.001; 0.003; 0.01; 0.03; 0.1 | 700 |" in every
    assert "`epoch`: 0; 1; 2; 5; 10; 15; 20; 30; 50; 70; 100; 150; 200; 300 | 100 |" in every


def test_what_is_said_counted_by_hand(tmp_path):
    """Twelve networks made up row by row, at two noises: of the six at 0 one has exactly one circuit at the end."""

    def row(point, replicate, output, preset, epoch):
        left = 1 if replicate < (1, 6)[point] else 2
        return {
            "perfect_circuits": 7.0, "perfect_circuits_low": 7, "perfect_circuits_high": 7, "circuits_robust": None,
            "circuits_resample_faithful_fewest_edges": left, "mappings_cheapest": None, "mappings": 2.0 * replicate,
            "mappings_transitive": 0 if replicate < 2 else 1,
        }  # fmt: skip

    plan = {"name": "noise", "title": "XOR", "axis": "input_noise", "seeds": 6, "grid": {"input_noise": [0.0, 0.1]}}
    sweep = fabricate(tmp_path / "run", plan, row)
    with pytest.raises(ValueError, match=r"run: not a finished run of a named experiment, as it is planned today"):
        findings.document(sweep)
    made = {"versions": {"everyhow": "1", "python": "2", "torch": "3"}, "system": "Linux", "machine": "x"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(findings, "read_plan", lambda name, seeds=None: sweep.plan)
        path = sweep.folder / "run.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | made))
        stored = json.loads(findings.text(findings.document(sweep)))
        told = "\n".join(findings.said(stored, None)).replace(findings.SPACE, " ")
    assert told.startswith("12 networks at 2 settings; 12 of them are explained.")
    circuits, mappings, _, counts = (part.split("\n\n")[0] for part in told.split("\n| input noise |")[1:5])
    last = re.compile(r"^\| (\S+) \|.* \| (.*) \|$", re.M)
    # Of one in six the standard error is the root of 1/6 * 5/6 / 6. A share of 0.54 gives six of six once in 40 times.
    assert last.findall(circuits)[-2:] == [("0", "17 ± 15"), ("0.1", "100 (from 54)")]
    assert "| 0 | 0 (to 46) |" in circuits
    assert last.findall(mappings)[-2:] == [("0", "67 ± 19"), ("0.1", "67 ± 19")]
    assert "| 0 | 7 |" in counts and "| 5 |" in counts
    assert "everyhow sweep noise --out runs/noise" in told and stored["digest"][:16] in told


def test_controls_stand_beside():
    """What networks that were not trained as usual have, below the settings of another experiment; not of their own."""
    controls = findings.read("controls")
    told = "\n".join(findings.said(STORED["basic"], controls))
    assert told.count("| *control: origin untrained* |") == told.count("| *control: labels shuffled* |") == 3
    one = next(one for one in controls["survivors"] if "untrained" in one["setting"] and one["rung"] == "perfect")
    assert f"| *control: origin untrained* | {findings.share(one)} |" in told
    assert "*control: " not in "\n".join(findings.said(controls, controls))


def test_published_numbers_stand_beside():
    """Those of the paper, with what is known of the differences."""
    told = "\n".join(findings.said(STORED["basic"], None))
    ours = next(one for one in STORED["basic"]["beside"] if one["published"]["measure"] == "circuits")
    assert f"| all | accurate circuits | mean | 52.3 | {ours['ours']:.3g} ± {ours['error']:.2g} |" in told
    assert "- the means per circuit and per formula are of each network's own ratio" in told


def test_claims_of_the_pages():
    """What the pages say in words holds in the tables."""
    of_three = {name for name in STORED if not name.startswith("transformer") and name not in ("width", "depth")}
    for name in of_three:
        assert set(shares(name, "circuits", "perfect").values()) == {0}, name
    last = "resample_faithful_fewest_edges"
    (one,) = shares("basic", "circuits", last).values()
    (algorithm,) = shares("basic", "algorithms", "transitive").values()
    assert 0.58 < one < 0.75 and 0.75 < algorithm < 0.88
    for kind, rung in (("circuits", last), ("mappings", "transitive"), ("algorithms", "transitive")):
        trained, untrained, *_ = shares("controls", kind, rung).values()
        assert untrained > trained - 0.1
    gates = shares("gate", "algorithms", "transitive")
    assert min(gates["task XOR"], gates["task XNOR"]) > 0.7 and max(
        share for task, share in gates.items() if task not in ("task XOR", "task XNOR")
    ) < 0.3  # fmt: skip
    assert not seldom("learning-rate") and not seldom("loss-target")
    medians = {one["setting"]: one["median"] for one in spreads("training-time", "circuits")}
    assert medians["epoch 0"] == 10_647 and medians["epoch 0"] > 20 * medians["epoch 100"]
    assert 0.5 < medians["epoch 100"] / medians["epoch 300"] < 2
    wide = list(shares("width", "circuits", last).values())
    assert wide == sorted(wide, reverse=True) and len(wide) == 3 and wide[0] > 0.9 and 0.5 < wide[2] < 0.6
    placed = shares("width", "mappings", "transitive")
    assert list(placed) == [f"widths {n},{n}" for n in range(2, 7)]
    assert list(placed.values()) == sorted(placed.values(), reverse=True) and 0.75 < placed["widths 2,2"] < 0.8
    assert 0.28 < placed["widths 6,6"] < 0.32
    wherever = list(shares("width", "algorithms", "transitive").values())
    assert wherever[0] > 0.95 and all(0.6 < share < 0.7 for share in wherever[2:])
    deep = [one["median"] for one in spreads("depth", "circuits")]
    assert deep[0] == 4 and 31_000 < deep[2] < 33_000 and 6.5e6 < deep[3] < 7.5e6
    unique = list(shares("depth", "circuits", last).values())
    assert unique[0] == 1 and len(unique) == 3 and min(unique) > 0.5
    placed = list(shares("depth", "mappings", "transitive").values())
    assert placed == sorted(placed, reverse=True) and len(placed) == 4 and placed[3] < placed[0] - 0.3
    assert min(shares("depth", "algorithms", "transitive").values()) > 0.75
    trained, untrained, *_ = shares("controls", "circuits", last).values()
    assert (round(100 * trained), round(100 * untrained)) == (54, 83)


def test_claims_about_transformers():
    """What the pages say in words of transformers holds in the tables."""
    last, place = ("circuits", "resample_faithful_fewest_edges"), ("mappings", "transitive")
    assert set(shares("transformer-basic", "circuits", "perfect").values()) == {0}
    (smallest,), (algorithm,) = (shares("transformer-basic", *rung).values() for rung in (last, place))
    assert 0.55 < smallest < 0.65 and 0.75 < algorithm < 0.85
    heads = {one["setting"]: one["median"] for one in spreads("transformer-heads", "circuits")}
    assert round(heads["heads 1"]) == 26 and 93_000 < heads["heads 4"] < 95_000
    unique = shares("transformer-heads", *last)
    assert unique["heads 1"] > unique["heads 2"] > unique["heads 4"]
    assert shares("transformer-heads", *place)["heads 1"] == 0
    layers = {one["setting"]: one["median"] for one in spreads("transformer-depth", "circuits")}
    assert [round(median, -4 if median > 1e5 else 0) for median in layers.values()] == [2, 196, 380_000]
    unique = list(shares("transformer-depth", *last).values())
    assert unique[0] == 1 and unique[2] == 0.5
    one, two, three = shares("transformer-depth", *place).values()
    assert 0.6 < one < 0.7 and two < one and 0.1 < three < 0.12
    ordered, joint = (shares("transformer-depth", "mappings", rung)["layers 3"] for rung in ("ordered", "joint"))
    none = {one["rung"]: one["none"] for one in STORED["transformer-depth"]["survivors"]
            if (one["kind"], one["setting"]) == ("mappings", "layers 3")}  # fmt: skip
    assert joint < ordered and none["joint"] - none["ordered"] > none["transitive"] - none["joint"]
    tasks = shares("transformer-tasks", *last)
    assert 0.35 < min(tasks.values()) < 0.4 and 0.6 < max(tasks.values()) < 0.7
    assert {task for task, share in shares("transformer-tasks", *place).items() if share == 0} >= {
        "task MAJORITY", "task PARITY:3",
    }  # fmt: skip
    trained, untrained, shuffled, _ = shares("transformer-controls", *last).values()
    assert untrained > trained + 0.2 and abs(shuffled - trained) < 0.1
    trained, untrained, shuffled, _ = shares("transformer-controls", "algorithms", "transitive").values()
    assert trained > 0.8 and 0.45 < untrained < 0.6 and 0.2 < shuffled < 0.3
    found = shares("transformer-ablation", *last)
    assert {share for setting, share in found.items() if "nodes" in setting} == {1}
    fine = [share for setting, share in found.items() if "edges-qkv" in setting]
    assert fine[0] < 0.65 and min(fine[1:]) > 0.85
    assert len(set(shares("transformer-ablation", *place).values())) == 1


def test_shares_of_all_and_of_none():
    """A share with its standard error; at the ends how far it may be from there; what is not known is told."""
    left = {"none": 0, "trivial": 0, "one": 25, "several": 75, "unknown": 0}
    assert findings.share(left).replace(findings.SPACE, " ") == "25 ± 4"
    assert findings.share(left | {"one": 0, "several": 20}).replace(findings.SPACE, " ") == "0 (to 17)"
    assert findings.share(left | {"several": 0}).replace(findings.SPACE, " ") == "100 (from 86)"
    assert findings.share(left | {"several": 70, "unknown": 5}).replace(findings.SPACE, " ") == "25 to 30, 5 not known"
    assert findings.share(left | {"one": 0, "several": 0, "unknown": 9}) == "not known"
    assert findings.share(None) == findings.share(dict.fromkeys(left, 0)) == "–"


def test_slopes_are_told_over_what_was_swept():
    """A slope of log10(1 + count) of -10 a unit, over a tenth; of 0.5 a power of ten, over two of them."""
    trend = {"option": "dropout", "logarithmic": False, "slope": -10.0, "low": -20.0, "high": 0.0}
    assert (
        findings.along(trend, [0.0, 0.05, 0.1]) == "1 + count is 0.1 times as much at dropout 0.1 as at 0 (0.01 to 1)"
    )
    trend = {"option": "epoch", "logarithmic": True, "slope": 0.5, "low": 0.0, "high": 1.0}
    assert findings.along(trend, [0, 3, 300]) == "1 + count is 10 times as much at epoch 300 as at 3 (1 to 1e+02)"


def test_benchmarks_are_those_that_are_kept():
    """The machine, every row, and the ratio to the run before; other work is said to be so."""
    run = benchmarks.kept("stored")
    told = benchmarks.measured(run, None)
    assert told.startswith(
        f"Commit {run['machine']['commit']}, on {run['machine']['cpu']}, {run['machine']['cores']} cores"
    )
    assert told.count("\n| ") == len(run["rows"]) + 2
    row = {"what": "circuits", "wall": 0.5, "processor": 0.25, "peak_bytes": 2**21, "note": "8 x a plain loop (4.0 s)"}
    before = {"what": "circuits", "wall": 1.0, "processor": 0.5, "peak_bytes": 2**21, "note": ""}

    def line(row, before):
        runs = ({"machine": run["machine"], "rows": {"a": row}}, {"machine": run["machine"], "rows": before})
        return benchmarks.measured(*runs).splitlines()[-1].replace("&nbsp;", " ")

    assert (
        line(row, {"a": before}) == "| circuits | 500.0 ms | 250.0 ms | 2 MiB | 8 x a plain loop (4.0 s) | 2 x faster |"
    )
    assert line(row, {"a": before | {"processor": 0.0625}}).endswith("| 4 x slower |")
    assert line(row, {"a": before | {"note": "estimated, not counted"}}).endswith(
        "| 2 x faster, at other work (estimated, not counted) |"
    )
    assert line(row | {"what": "everyhow --help, all of it"}, {}).startswith("| `everyhow --help`, all of it | ")
    assert line(row, {}).endswith("| new |") and line(row, {"a": {"failed": "no"}}).endswith("| failed before |")
    assert line({"failed": "ImportError"}, {"a": before}) == "| a | failed |  |  | ImportError |  |"
