"""In which order the layers of a state dict run: what shapes, widths and names say, and what is asked."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.importing.layer_order import order_of, orders

torch = pytest.importorskip("torch")
nn = torch.nn

INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]])
# A module with self.input_layer, self.hidden_layer and self.output_layer, 2-2-2-1.
NAMED = {
    "input_layer.weight": [[6, 6], [6, 6]], "input_layer.bias": [-3, -9],
    "hidden_layer.weight": [[8, -8], [-8, 8]], "hidden_layer.bias": [-4, 4],
    "output_layer.weight": [[8, -8]], "output_layer.bias": [0],
}  # fmt: skip
NAMED = {name: np.array(values, np.float32) for name, values in NAMED.items()}
SQUARE = {"a.weight": np.eye(2), "b.weight": np.eye(2)}


def by_hand(names):
    """The outputs of the layers above, all sigmoids, run in this order."""
    state = INPUTS
    for name in names:
        state = 1 / (1 + np.exp(-(state @ NAMED[f"{name}.weight"].T + NAMED[f"{name}.bias"])))
    return state


@pytest.fixture
def file(tmp_path):
    """The layers above in a safetensors file, which keeps no order."""
    from safetensors.numpy import save_file

    save_file(NAMED, tmp_path / "named.safetensors")
    return tmp_path / "named.safetensors"


def test_asked_where_several_orders_fit(file):
    """A first and a second layer of one shape are not told apart; the orders are shown, and one is asked for."""
    message = (
        r"named.safetensors: the order of the layers is not known, and the shapes allow several: .*hidden_layer, "
        r"input_layer, output_layer.*order=.*--order on the command line"
    )
    with pytest.raises(eh.InputError, match=message) as error:
        eh.load(file, hidden_activation="sigmoid", output_activation="sigmoid")
    assert "input_layer, hidden_layer, output_layer" in str(error.value)


@pytest.mark.parametrize(
    "order", ["input_layer,hidden_layer,output_layer", ("input_layer", "hidden_layer", "output_layer")]
)
def test_order_given(file, order):
    """The order that a user gives is taken and told; another one gives what it computes."""
    network = eh.load(file, hidden_activation="sigmoid", output_activation="sigmoid", order=order)
    np.testing.assert_allclose(network.run(INPUTS), by_hand(("input_layer", "hidden_layer", "output_layer")), rtol=1e-6)
    assert network.origin.folded == (
        "order taken: input_layer (2 to 2), hidden_layer (2 to 2), output_layer (2 to 1); as given",
    )
    other = ("hidden_layer", "input_layer", "output_layer")
    network = eh.load(file, hidden_activation="sigmoid", output_activation="sigmoid", order=other)
    np.testing.assert_allclose(network.run(INPUTS), by_hand(other), rtol=1e-6)


def test_a_mapping_that_was_sorted(file):
    """What safetensors itself gives is sorted, so its order says nothing, saved again or not; that of a module does."""
    from safetensors.numpy import load_file
    from safetensors.torch import load_file as load_tensors

    torch.save(load_tensors(file), file.with_suffix(".pt"))
    with pytest.raises(eh.InputError, match=r"named.pt: the order of the layers is not known"):
        eh.load(file.with_suffix(".pt"), hidden_activation="sigmoid", output_activation="sigmoid")
    torch.save({name: torch.tensor(one) for name, one in NAMED.items()}, file.with_suffix(".pt"))
    network = eh.load(file.with_suffix(".pt"), hidden_activation="sigmoid", output_activation="sigmoid")
    np.testing.assert_allclose(network.run(INPUTS), by_hand(("input_layer", "hidden_layer", "output_layer")), rtol=1e-6)

    given_names = {"hidden_activation": "sigmoid", "output_activation": "sigmoid"}
    for tensors in (load_file(file), dict(sorted(NAMED.items())), dict(sorted(SQUARE.items()))):
        with pytest.raises(eh.InputError, match="the order of the layers is not known"):
            eh.from_state_dict(tensors, **given_names)
    network = eh.from_state_dict(NAMED, **given_names)
    np.testing.assert_allclose(network.run(INPUTS), by_hand(("input_layer", "hidden_layer", "output_layer")), rtol=1e-6)
    assert "that in which the module registered them" in network.origin.folded[0]


def test_one_order_fits():
    """Where the shapes allow one order, it is taken, whatever the names are."""
    tensors = {
        "input_layer.weight": np.ones((3, 2)),
        "hidden_layer.weight": np.ones((4, 3)),
        "out.weight": np.ones((1, 4)),
    }
    for names in itertools.permutations(tensors):
        network = eh.from_state_dict({name: tensors[name] for name in names}, "relu", threshold=0)
        assert network.widths == (2, 3, 4, 1)
        assert network.origin.folded == (
            "order taken: input_layer (2 to 3), hidden_layer (3 to 4), out (4 to 1); "
            "the only one that the shapes allow",
        )


RIGHT = [
    # names and sizes as they come, whether a module registered them, widths; the right order
    ({"fc2": (3, 3), "fc1": (3, 3), "fc3": (3, 1)}, False, None, "fc1 fc2 fc3"),
    ({"10": (2, 2), "2": (2, 2), "0": (2, 2)}, False, None, "0 2 10"),
    ({"layers.1.0": (2, 2), "layers.0.0": (2, 2), "layers.2": (2, 2)}, False, None, "layers.0.0 layers.1.0 layers.2"),
    ({"teacher.2": (2, 2), "teacher.0": (2, 2)}, False, None, "teacher.0 teacher.2"),
    ({"experts.3.fc2": (2, 2), "experts.3.fc1": (2, 2)}, False, None, "experts.3.fc1 experts.3.fc2"),
    ({"inp": (3, 2), "hidden.0": (2, 2), "hidden.1": (2, 2), "out": (2, 1)}, True, None, "inp hidden.0 hidden.1 out"),
    ({"body": (2, 2), "head": (2, 2)}, True, None, "body head"),
    ({"gate": (3, 1), "shortcut": (2, 3)}, False, None, "shortcut gate"),  # nothing else chains
    ({"a.0": (2, 3), "a.2": (3, 4), "b.0": (4, 5), "b.2": (5, 1)}, False, None, "a.0 a.2 b.0 b.2"),
    ({"layers.1.0": (2, 2), "layers.0.0": (2, 2)}, False, None, "layers.0.0 layers.1.0"),
    ({"fc1": (2, 2), "fc2": (2, 2), "out": (2, 2)}, True, None, "fc1 fc2 out"),
    ({"in": (2, 2), "mid": (2, 2), "out": (2, 2)}, True, None, "in mid out"),
    ({"b": (3, 2), "a": (2, 3)}, False, (2,), "b a"),
    ({"b": (3, 2), "a": (2, 3)}, False, (3,), "a b"),
    ({"b": (3, 2), "a": (2, 3), "c": (2, 2)}, False, (3, 2), "a b c"),
    ({"fc2": (2, 3), "fc1": (3, 1)}, True, None, "fc2 fc1"),  # the numbers are wrong: nothing else chains
]  # fmt: skip


@pytest.mark.parametrize(("layers", "registered", "widths", "right"), RIGHT)
def test_orders_that_are_known(layers, registered, widths, right):
    """Shapes, then widths, then numbers in the names, then the order of registration."""
    assert order_of(layers, registered, widths).names == tuple(right.split())


ASKED = [
    ({"fc1": (2, 2), "fc2": (2, 2), "out": (2, 2)}, False, None, "several: fc1, fc2, out; or fc1, out, fc2; or "),
    ({"b": (3, 2), "a": (2, 3)}, False, None, "several: a, b; or b, a"),
    ({"fc2": (2, 2), "fc1": (2, 2)}, True, None, "They come as fc2, fc1, which their names contradict"),
    ({"x": (2, 2), "fc2": (2, 2), "fc1": (2, 2)}, True, None, "which their names contradict"),
    ({"output": (2, 2), "hidden": (2, 2)}, True, None, "They come as output, hidden, which their names contradict"),
    ({"head.2": (2, 2), "body": (2, 2)}, True, None, "which their names contradict"),
    ({"body": (2, 2), "inputLayer": (2, 2)}, True, None, "which their names contradict"),
    ({"a": (2, 2), "b": (2, 2), "c": (2, 2)}, False, (2, 2), "not known"),
]  # fmt: skip


@pytest.mark.parametrize(("layers", "registered", "widths", "message"), ASKED)
def test_orders_that_are_asked_for(layers, registered, widths, message):
    """Where several orders fit and nothing says which one is meant, or names and registration say different things."""
    with pytest.raises(eh.InputError, match=message):
        order_of(layers, registered, widths)


def nets(*names, sizes=((2, 3), (3, 2))):
    """Layers of several stacks, each of these sizes, with the numbers that Sequential gives."""
    return {f"{name}.{2 * k}": size for name in names for k, size in enumerate(sizes)}


BESIDE = [
    (nets("teacher", "student"), r"groups, teacher, student, .*part='teacher', or --part; of a mapping, give"),
    (nets("actor", "critic"), "groups, actor, critic, "),
    (nets("online", "target"), "groups, online, target, "),
    (nets("members.0", "members.1"), r"groups, members.0, members.1, .*part='members.0'"),
    (nets("model", "ema_model"), "groups, model, ema_model, "),
    (nets("first", "second"), "groups, first, second, "),
    ({"body.0": (2, 2), "body.2": (2, 2), "other": (2, 2)}, "groups, body, other, "),
    ({"a_fc1": (2, 2), "a_fc2": (2, 2), "b_fc1": (2, 2), "b_fc2": (2, 2)}, "groups, a_fc#, b_fc#, "),
    ({"net1_fc1": (2, 2), "net1_fc2": (2, 2), "net2_fc1": (2, 2), "net2_fc2": (2, 2)}, "groups, net1_fc1, "),
    ({"experts.0": (2, 2), "experts.1": (2, 2), "router": (2, 2)}, "groups, experts, router, "),
    (nets("encoder", "decoder"), "several: encoder.0, encoder.2, decoder.0, decoder.2; or .*groups, encoder, decoder"),
    (dict(sorted(nets("encoder", "decoder").items())), "several: encoder.0, encoder.2, decoder.0, decoder.2; or"),
    *((dict.fromkeys(names.split(), (2, 2)), rf"Names such as {first}.* are those of layers beside others.*from_torch")
      for names, first in (
          ("body head0 head1", "head0, head1"), ("fc1 shortcut fc2", "shortcut"), ("up gate down", "gate"),
          ("q k v out", "q, k, v"), ("q_proj k_proj v_proj", "q_proj"), ("query key value", "query, key, value"),
          ("enc mu logvar dec", "mu, logvar"), ("expert_0 expert_1", "expert_0"), ("experts.0 experts.1", "experts.0"),
          ("net.heads.0 net.heads.1", "net.heads.0"), 
          ("teacher student", "teacher, student"), ("fc1 skipConnection fc2", "skipConnection"))),
]  # fmt: skip


@pytest.mark.parametrize("registered", [True, False])
@pytest.mark.parametrize(("layers", "message"), BESIDE)
def test_layers_beside_one_another(layers, registered, message):
    """Networks and branches in one dictionary, whose widths happen to chain, are no chain unless a user says so."""
    with pytest.raises(eh.InputError, match=f"the order of the layers is not known, .*{message}"):
        order_of(layers, registered)
    given = next(iter(orders(layers)))
    assert order_of(layers, registered, given=given).names == given


def test_networks_that_do_not_chain():
    """Where widths do not chain, the way to one of the networks is told as well."""
    with pytest.raises(eh.InputError, match=r"no order of these layers chains.*part='teacher', or --part"):
        order_of(nets("teacher", "student", sizes=((2, 3), (3, 1))), True)


def test_one_of_several_networks(tmp_path):
    """What a teacher and a student in one file compute, each read alone by `part`, and by the tensors of a mapping."""
    torch.manual_seed(3)
    module = nn.ModuleDict({
        name: nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)) for name in ("teacher", "student")
    })  # fmt: skip
    wrapped = {f"module.{name}": one for name, one in module.state_dict().items()}
    torch.save({"epoch": 3, "state_dict": wrapped}, tmp_path / "both.pt")
    with pytest.raises(eh.InputError, match="groups, teacher, student"):
        eh.load(tmp_path / "both.pt", hidden_activation="relu")
    with pytest.raises(eh.InputError, match="groups, teacher, student"):
        eh.from_state_dict(module.state_dict(), "relu")
    for name in ("teacher", "student"):
        expected = module[name](torch.tensor(INPUTS, dtype=torch.float32)).detach().numpy()
        for part in (name, f"module.{name}", f"state_dict/{name}"):
            network = eh.load(tmp_path / "both.pt", hidden_activation="relu", part=part)
            np.testing.assert_allclose(network.run(INPUTS), expected, rtol=1e-6, atol=1e-6)
        other = "student" if name == "teacher" else "teacher"
        told = network.origin.folded[0]
        assert told.startswith("left out of the file: epoch") and f"state_dict/module.{other}.0.weight" in told
        tensors = {key: one for key, one in module.state_dict().items() if key.startswith(name)}
        np.testing.assert_allclose(eh.from_state_dict(tensors, "relu").run(INPUTS), expected, rtol=1e-6, atol=1e-6)
    with pytest.raises(eh.InputError, match="it holds no state dict at the part 'teach'"):
        eh.load(tmp_path / "both.pt", hidden_activation="relu", part="teach")
    chain = eh.load(tmp_path / "both.pt", hidden_activation="relu", order="student.0,student.2,teacher.0,teacher.2")
    assert chain.widths == (2, 3, 2, 3, 2)


WRONG = [
    ({"0": (2, 3), "1": (4, 1)}, None, None, r"no order .* chains.*0 \(2 to 3\), 1 \(4 to 1\).*from_torch"),
    ({"a": (2, 3), "b": (2, 1)}, None, None, "no order of these layers chains"),
    ({"0": (2, 3), "1": (3, 1)}, (3, 3), None, r"the widths asked for are \(3, 3\), but .* the hidden layers \(3,\)"),
    ({"0": (2, 3), "1": (3, 1)}, (4,), None, r"the widths asked for are \(4,\), but .* the hidden layers \(3,\)"),
    ({"a": (2, 3), "b": (3, 1)}, None, ("a",), r"order is 'a'; it names every layer once: a \(2 to 3\), b \(3 to 1\)"),
    ({"a": (2, 3), "b": (3, 1)}, None, ("a", "a"), "order is 'a', 'a'; it names every layer once"),
    ({"a": (2, 3), "b": (3, 1)}, None, ("b", "a"), "in the order given, b gives 1 neurons but a takes 2"),
    ({"a": (2, 3), "b": (3, 2)}, (3,), ("b", "a"), r"given has the hidden layers \(2,\), but the widths are \(3,\)"),
]  # fmt: skip


@pytest.mark.parametrize(("layers", "widths", "order", "message"), WRONG)
def test_orders_that_do_not_chain(layers, widths, order, message):
    """What chains in no order, or not in the one given, is said with the shapes."""
    with pytest.raises(eh.InputError, match=message):
        order_of(layers, True, widths, order)


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=6), st.data())
def test_every_order_is_found(sizes, data):
    """The orders are those permutations that chain, with the widths if these are given."""
    layers = {f"l{k}": size for k, size in enumerate(sizes)}
    widths = data.draw(st.none() | st.lists(st.integers(1, 3), min_size=len(sizes) - 1, max_size=len(sizes) - 1))

    def chains(names):
        gives, takes = [layers[n][1] for n in names[:-1]], [layers[n][0] for n in names[1:]]
        return gives == takes and widths in (None, gives)

    assert list(orders(layers, widths)) == [names for names in itertools.permutations(layers) if chains(names)]


NAMES = st.sampled_from(["fc{}", "{}", "layers.{}", "net.{}.linear", "mlp.{}.0"])
WORDS = st.lists(
    st.text("abcdefgh_", min_size=1, max_size=5).filter(lambda name: name.isidentifier()), min_size=5, max_size=5,
    unique=True,
) | st.just(["input_layer", "hidden_layer", "middle", "last_hidden", "output_layer"])  # fmt: skip


@given(st.integers(0, 2**31), st.lists(st.integers(1, 3), min_size=2, max_size=6), st.data())
def test_random_names(tmp_path_factory, seed, sizes, data):
    """A module of random layer names, by safetensors: the same network, or a question; never another network."""
    from safetensors.torch import save_file

    torch.manual_seed(seed)
    if data.draw(st.booleans()):
        pattern = data.draw(NAMES)
        names = [pattern.format(k * data.draw(st.just(2))) for k in range(len(sizes) - 1)]
    else:
        names = data.draw(WORDS)[: len(sizes) - 1]
    layers = {name: nn.Linear(a, b) for name, a, b in zip(names, sizes, sizes[1:], strict=False)}
    state = inputs = torch.randn(5, sizes[0], dtype=torch.float64)
    for number, layer in enumerate(layers.values(), start=1):
        state = layer.double()(state)
        state = torch.relu(state) if number < len(layers) else torch.sigmoid(state)
    tensors = {f"{name}.{part}": one for name, layer in layers.items() for part, one in layer.state_dict().items()}
    path = tmp_path_factory.getbasetemp() / "random.safetensors"
    save_file(tensors, path)
    named = {"hidden_activation": "relu", "output_activation": "sigmoid"}
    try:
        network = eh.load(path, **named)
    except eh.InputError as error:
        assert "the order of the layers is not known" in str(error) and "{" not in names[0]
        network = eh.load(path, **named, order=names)
    np.testing.assert_allclose(network.run(inputs.numpy()), state.detach().numpy(), rtol=1e-9, atol=1e-12)


class Twice(nn.Module):
    """A module that names its layers twice, as those do that also put them into a Sequential."""

    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(2, 2), nn.Linear(2, 2)
        self.net = nn.Sequential(self.fc1, nn.ReLU(), self.fc2)

    def forward(self, x):
        return self.net(x)


@pytest.mark.parametrize("way", ["mapping", ".pt"])
def test_layers_of_two_names(tmp_path, way):
    """One layer under two names may run once or twice; which of them is asked for, not guessed."""
    torch.manual_seed(0)
    module = Twice()
    torch.save(module.state_dict(), tmp_path / "twice.pt")

    def read(**options):
        if way == "mapping":
            return eh.from_state_dict(module.state_dict(), "relu", **options)
        return eh.load(tmp_path / "twice.pt", hidden_activation="relu", **options)

    message = (
        r"fc1 and net.0 are one tensor: the module names a layer twice, or runs it twice.*order='fc1,fc2' \(--order"
    )
    with pytest.raises(eh.InputError, match=message):
        read()
    inputs = torch.randn(5, 2)
    with torch.no_grad():
        once, twice = module(inputs).numpy(), module(torch.relu(module(inputs))).numpy()
    for order in ("fc1,fc2", "net.0,net.2", "fc1,net.2"):
        np.testing.assert_allclose(read(order=order).run(inputs.numpy()), once, rtol=1e-5, atol=1e-6)
    network = read(order="fc1,fc2,net.0,net.2")
    np.testing.assert_allclose(network.run(inputs.numpy()), twice, rtol=1e-5, atol=1e-6)
    with pytest.raises(eh.InputError, match=r"order is 'fc1'; it names every layer once: fc1 .*, fc2 .*, net.2"):
        read(order="fc1")
