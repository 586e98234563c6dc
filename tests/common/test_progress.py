"""Progress on stderr: when a line is there, what it says, and that nothing of it stays."""

import inspect
import io
import itertools
import threading
import time

import pytest

import everyhow as eh
from everyhow.common import progress
from everyhow.common.progress import Progress, Work, about, doing, showing, tracked

from ..conftest import reference


class Terminal(io.StringIO):
    """A stderr that a person sees."""

    def isatty(self):
        return True


class Notebook(io.StringIO):
    """The stderr of a notebook's kernel, as far as anyone asks."""


Notebook.__module__ = "ipykernel.iostream"


@pytest.fixture
def quick(monkeypatch):
    """Lines come a hundred times as fast."""
    monkeypatch.setattr(progress, "DELAY", 0.02)
    monkeypatch.setattr(progress, "PAUSE", 0.01)
    monkeypatch.setattr(progress, "LONG_PAUSE", 0.05)
    monkeypatch.setenv("COLUMNS", "60")


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def shown_on(stream, monkeypatch, seconds=0.1):
    """What is written while something of a known length is done for so long."""
    monkeypatch.setattr("sys.stderr", stream)
    for _ in Progress(True).track(range(4), 4, "circuits"):
        time.sleep(seconds / 4)
    return stream.getvalue()


@pytest.mark.parametrize("stream", [Terminal, Notebook])
def test_a_line_that_moves(stream, quick, monkeypatch):
    """A person sees one line move, cut to the width, and nothing of it at the end."""
    written = shown_on(stream(), monkeypatch)
    assert "\rcircuits: 25.0 % [#####...............] 1 s" in written and "\n" not in written
    last = written.split("\r")[-3:]
    assert last[1].strip() == "" and last[2] == "" and len(last[1]) >= len(last[0].rstrip())
    assert all(len(line) < 60 for line in written.split("\r"))


def test_lines_in_a_log(quick, monkeypatch):
    """A pipe gets whole lines now and then."""
    lines = shown_on(io.StringIO(), monkeypatch, 0.3).splitlines()
    assert 1 <= len(lines) <= 6 and all(line.startswith("circuits: ") and "\r" not in line for line in lines)


def test_what_is_quick_says_nothing(monkeypatch):
    """Before a second is over there is no line, and without being asked there never is."""
    assert shown_on(Terminal(), monkeypatch, 0.01) == ""
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(progress, "DELAY", 0.0)
    monkeypatch.setattr(progress, "PAUSE", 0.005)
    with doing("nothing") as work:
        assert list(tracked(range(3), 3, "items")) == [0, 1, 2] and work is None
        time.sleep(0.03)
    assert stream.getvalue() == ""


def test_what_is_inside_is_shown(quick, monkeypatch):
    """What was begun last stands in the line; where it is done, what is around it, from the time that began."""
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    with showing("explaining"):
        time.sleep(0.06)
        with doing("experiments"):
            time.sleep(0.04)
        list(tracked(map(time.sleep, [0.03] * 2), 2, "places"))
        time.sleep(0.04)
    told = [line.partition(":")[0].strip() for line in stream.getvalue().split("\r")]
    assert [name for name, _ in itertools.groupby(told) if name] == [
        "explaining",
        "experiments",
        "places",
        "explaining",
    ]


def test_a_stream_that_is_closed(quick, monkeypatch):
    """Who cannot be told is not told."""
    stream = Terminal()
    stream.close()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(progress, "is_moving", lambda: True)
    with showing("explaining"):
        time.sleep(0.05)


def test_the_time_left(clock):
    """At an even pace it is exact; nothing is said in the first two seconds, or of what has no known length."""
    work = Work("circuits", 100)
    for second in range(1, 60):
        clock[0] += 1
        work.advance(1)
        assert work.seconds_left() == (None if second < 2 else pytest.approx(100 - second))
    assert work.told() == "circuits: 59.0 % [############........] 59 s, about 40 s left"
    open_ended = Work("prices")
    open_ended.advance(3)
    assert open_ended.seconds_left() is None and open_ended.told() == "prices: 3 done, 1 s"


def test_what_was_done_before_says_nothing_of_the_pace(clock):
    """A count that is taken up again is not taken for a quick one."""
    work = Work("circuits", 1000, 900)
    for _ in range(10):
        clock[0] += 1
        work.advance(1)
    assert work.seconds_left() == pytest.approx(90)


def test_the_time_left_is_not_wild(clock):
    """Where half of the work is ten times as slow as the other half, what is said never jumps, and ends near 0."""
    for paces in ([0.1] * 50 + [1.0] * 50, [1.0] * 50 + [0.1] * 50, [0.1, 1.0] * 50):
        clock[0] = 100.0
        work, told = Work("circuits", 100), []
        for pace in paces:
            clock[0] += pace
            work.advance(1)
            told.append(work.seconds_left())
        said = [seconds for seconds in told if seconds is not None]
        assert all(0 <= seconds <= 120 for seconds in said) and said[-1] == 0
        assert all(abs(after - before) <= 13 for before, after in itertools.pairwise(said))


def test_lengths_of_time():
    """Rounded as estimates are."""
    assert [about(s) for s in (0.2, 4.4, 12, 99, 100, 599, 700, 4000, 9000)] == [
        "about 1 s", "about 4 s", "about 10 s", "about 2 min", "about 2 min", "about 10 min", "about 10 min",
        "about 65 min", "about 2 h 0 min",
    ]  # fmt: skip


def test_audits_say_what_they_do(quick, monkeypatch):
    """By a task and by data: every stage that lasts has its name in the line."""
    monkeypatch.setattr(progress, "DELAY", 0.0)
    monkeypatch.setattr(progress, "PAUSE", 0.002)
    network = reference("xor-2-2-2-1-seed2")[1]
    for what in ("XOR", eh.Behavior.of_network(network, network.corners)):
        stream = Terminal()
        monkeypatch.setattr("sys.stderr", stream)
        eh.audit(network, what, progress=True)
        told = {line.partition(":")[0].strip() for line in stream.getvalue().split("\r")}
        assert {"circuits", "population codes"} <= told, told


def test_an_error_in_a_loop_ends_the_line(quick, monkeypatch):
    """Whoever still holds the error does not hold the loop that it left: nothing is written any more."""
    monkeypatch.setattr("sys.stderr", stream := Terminal())
    with pytest.raises(ZeroDivisionError) as held, Progress(True).doing("explaining"):
        for item in tracked(range(3), 3, "circuits"):
            time.sleep(0.05)
            item / 0
    written = stream.getvalue()
    assert "circuits" in written and held.value.__traceback__ is not None
    time.sleep(0.05)
    assert stream.getvalue() == written and written.endswith("\r")


def test_works_of_other_threads_go_on(quick, monkeypatch):
    """What one thread is done with ends nothing that another began later."""
    monkeypatch.setattr("sys.stderr", stream := Terminal())
    begun, over = threading.Event(), threading.Event()

    def other():
        with showing("elsewhere"):
            begun.set()
            over.wait(5)

    thread = threading.Thread(target=other)
    with showing("here"):
        thread.start()
        assert begun.wait(5)
    stream.truncate(0)
    time.sleep(0.05)
    assert "elsewhere" in stream.getvalue() and not stream.getvalue().endswith("\r")
    over.set()
    thread.join()
    assert stream.getvalue().endswith("\r")


NET = eh.xornet()
ONE, OTHER, *_ = eh.readouts(NET)
CIRCUITS = eh.circuits(NET, "XOR")
STATED = eh.hypothesis("AND(OR(A,B), NAND(A,B))", {"OR(A,B)": "h1.0 + h1.1", "NAND(A,B)": "h1.2"})
BITS = [0, 1]
CAUSAL = eh.CausalModel(
    ["A", "B", "Y"], {"A": BITS, "B": BITS, "Y": BITS}, {"Y": ["A", "B"]}, {"Y": lambda a, b: a ^ b}
)
# What may take long, as it is called: the label of the work that lasts throughout, and the call.
LONG = {
    "audit": ("explaining", lambda **shown: eh.audit(NET, "XOR", **shown)),
    "audit_behavior": (
        "explaining", lambda **shown: eh.audit_behavior(NET, eh.Behavior.of_network(NET, NET.corners), **shown),
    ),
    "align": ("placements", lambda **shown: eh.align(NET, CAUSAL, **shown)),
    "compare": ("comparing", lambda **shown: eh.compare(NET, NET, "XOR", **shown)),
    "cross_examine": ("interchanges", lambda **shown: eh.cross_examine(NET, [ONE, OTHER], **shown)),
    "decide": ("deciding", lambda **shown: eh.decide(NET, STATED, STATED, **shown)),
    "decide_between": ("deciding", lambda **shown: eh.decide_between(NET, ONE, OTHER, **shown)),
    "interchange": ("interchanges", lambda **shown: eh.interchange(NET, ONE, **shown)),
    "mappings": ("mappings", lambda **shown: eh.mappings(NET, next(eh.algorithms("XOR", depth=2)), **shown)),
    "neuron": ("reading the neuron", lambda **shown: eh.neuron(NET, "h1.2", **shown)),
    "over": ("following", lambda **shown: eh.over([NET, NET], "XOR", **shown)),
    "place": ("placing the circuit", lambda **shown: eh.place(NET, "XOR", eh.Circuit.whole(NET), **shown)),
    "readouts": ("population codes", lambda **shown: eh.readouts(NET, **shown)),
    "test": ("testing the hypothesis", lambda **shown: eh.test(NET, STATED, **shown)),
    "Circuits.count": ("circuits", lambda **shown: CIRCUITS.count(**shown)),
    "Circuits.minimal": ("minimal circuits", lambda **shown: CIRCUITS.minimal(**shown)),
    "Circuits.sample": ("drawing circuits", lambda **shown: CIRCUITS.sample(3, **shown)),
    "Circuits.usage": ("the use of edges", lambda **shown: CIRCUITS.usage(**shown)),
}  # fmt: skip
# What is tried where it is at home, since it takes PyTorch, a folder or a while.
ELSEWHERE = {"capture", "load_audit", "patch", "sweep", "train", "train_transformer"}
# What has nothing to wait for: a file or a few numbers are read, or the search begins when its value is asked.
QUICK = {
    "algorithms", "circuits", "from_onnx", "from_sklearn", "from_state_dict", "from_torch", "hypothesis",
    "interpretations", "load", "parse_task", "parse_token_task", "save_model", "save_network", "xornet",
}  # fmt: skip


def methods_with_progress():
    """Public methods of results that take `progress`, by class and name."""
    for kind in (eh.Audit, eh.Network, eh.Transformer, type(CIRCUITS)):
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            if name[0] != "_" and "progress" in inspect.signature(method).parameters:
                yield f"{kind.__name__}.{name}", method


def test_one_habit():
    """Whatever may take long takes `progress`, which is off when nothing is said, and says the same of it."""
    functions = {name: getattr(eh, name) for name in dir(eh) if inspect.isfunction(getattr(eh, name))}
    assert set(functions) == QUICK | ELSEWHERE | {name for name in LONG if "." not in name}
    methods = dict(methods_with_progress())
    assert set(methods) == {name for name in LONG if "." in name} | {"Audit.report", "Audit.certificate"}
    for name, function in (functions | methods).items():
        if name not in QUICK:
            assert inspect.signature(function).parameters["progress"].default is False, name
            said = " ".join(function.__doc__.split())
            assert "progress: show a bar, below the cell in a notebook and else on stderr." in said, name


@pytest.mark.parametrize("name", LONG)
def test_all_that_takes_long_shows_it(name, monkeypatch):
    """One work lasts throughout, so that a notebook's cell ends with one line; without being asked there is none."""
    label, call = LONG[name]
    begun = []

    class Recorded(progress.Line):
        def working(self, work):
            begun.append((work.label, len(self._works)))
            return super().working(work)

    monkeypatch.setattr(progress, "_LINE", Recorded())
    call()
    assert begun == []
    call(progress=True)
    assert [told for told, inside in begun if not inside] == [label]
