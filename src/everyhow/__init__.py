"""Count every explanation of a small network in four defined families, and find the criterion that leaves only one."""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .common import display as display
from .common import starting as starting
from .model import door as door

if TYPE_CHECKING:
    from .auditing.asked import Questions as Questions
    from .auditing.audit import Audit as Audit
    from .auditing.explaining import audit as audit
    from .auditing.explaining import audit_behavior as audit_behavior
    from .auditing.reopening import reopen as _reopen
    from .boolean.cost import CostModel as CostModel
    from .common.errors import BudgetError as BudgetError
    from .common.errors import EveryhowError as EveryhowError
    from .common.errors import EveryhowWarning as EveryhowWarning
    from .common.errors import InputError as InputError
    from .comparison.comparing import compare as compare
    from .comparison.course import over as over
    from .experiment.cross_examination import cross_examine as cross_examine
    from .experiment.deciding import decide_between as decide_between
    from .hypotheses.deciding import decide as decide
    from .hypotheses.hypothesis import hypothesis as hypothesis
    from .hypotheses.neuron import neuron as neuron
    from .hypotheses.testing import test as test
    from .importing.capture import capture as capture
    from .importing.load import load as load
    from .importing.onnx_files import from_onnx as from_onnx
    from .importing.sklearn_models import from_sklearn as from_sklearn
    from .importing.state_dicts import from_state_dict as from_state_dict
    from .importing.torch_modules import from_torch as from_torch
    from .kinds import save_model as save_model
    from .mapping.causal_models import CausalModel as CausalModel
    from .model.answer import Answer as Answer
    from .model.behavior import Behavior as Behavior
    from .model.circuit import Circuit as Circuit
    from .model.graph import Graph as Graph
    from .model.model import Model as Model
    from .model.runnable import Intervention as Intervention
    from .model.task import Task as Task
    from .model.task import parse_task as parse_task
    from .model.token_families import parse_token_task as parse_token_task
    from .model.token_task import TokenTask as TokenTask
    from .network.network import Network as Network
    from .network.network import xornet as xornet
    from .patched.patch import patch as patch
    from .questions import algorithms as algorithms
    from .questions import align as align
    from .questions import circuits as circuits
    from .questions import interpretations as interpretations
    from .questions import mappings as mappings
    from .questions import place as place
    from .readout.interchange import interchange as interchange
    from .readout.readouts import readouts as readouts
    from .sweeps.run import sweep as sweep
    from .training import train as train
    from .training import train_transformer as train_transformer
    from .transformer.transformer import Transformer as Transformer

    # A network is stored as any model is; and the audit of a run folder is taken up again.
    save_network, load_audit = save_model, _reopen
    __version__: str

# A room is loaded when a name of it is first asked for: all of them take three times as long as NumPy.
_HOMES = {
    "auditing.asked": ("Questions",),
    "auditing.audit": ("Audit",),
    "auditing.explaining": ("audit", "audit_behavior"),
    "auditing.reopening": ("reopen",),
    "boolean.cost": ("CostModel",),
    "common.errors": ("BudgetError", "EveryhowError", "EveryhowWarning", "InputError"),
    "comparison.comparing": ("compare",),
    "comparison.course": ("over",),
    "experiment.cross_examination": ("cross_examine",),
    "experiment.deciding": ("decide_between",),
    "hypotheses.deciding": ("decide",),
    "hypotheses.hypothesis": ("hypothesis",),
    "hypotheses.neuron": ("neuron",),
    "hypotheses.testing": ("test",),
    "importing.capture": ("capture",),
    "importing.load": ("load",),
    "importing.onnx_files": ("from_onnx",),
    "importing.sklearn_models": ("from_sklearn",),
    "importing.state_dicts": ("from_state_dict",),
    "importing.torch_modules": ("from_torch",),
    "kinds": ("save_model",),
    "mapping.causal_models": ("CausalModel",),
    "model.answer": ("Answer",),
    "model.behavior": ("Behavior",),
    "model.circuit": ("Circuit",),
    "model.graph": ("Graph",),
    "model.model": ("Model",),
    "model.runnable": ("Intervention",),
    "model.task": ("Task", "parse_task"),
    "model.token_families": ("parse_token_task",),
    "model.token_task": ("TokenTask",),
    "network.network": ("Network", "xornet"),
    "patched.patch": ("patch",),
    "questions": ("algorithms", "align", "circuits", "interpretations", "mappings", "place"),
    "readout.interchange": ("interchange",),
    "readout.readouts": ("readouts",),
    "sweeps.run": ("sweep",),
    "training": ("train", "train_transformer"),
    "transformer.transformer": ("Transformer",),
}
_ROOMS = {name: room for room, names in _HOMES.items() for name in names}
_OTHERWISE = {"save_network": "save_model", "load_audit": "reopen"}
# What `dir(everyhow)` and editors offer: the names of the library, and not the rooms that are loaded with them.
_NAMES = sorted({*_ROOMS, *_OTHERWISE} - {"reopen"})


if not TYPE_CHECKING:
    __all__ = list(_NAMES)

    def __getattr__(name: str) -> Any:
        """A public name, from the room where it is at home."""
        if name == "__version__":
            from .common.version import own_version

            found = own_version()
        elif name in _NAMES:
            from .common.readable import readable

            home = _OTHERWISE.get(name, name)
            found = readable(getattr(import_module(f".{_ROOMS[home]}", __name__), home))
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__])
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return [*_NAMES, "__version__"]


def _presenter() -> display.Presenter:
    """The report, which is loaded when the first value is to be seen."""
    from .report import presenter

    return presenter


def _brought(given: Any) -> Any:
    """What is given, understood as a model."""
    from .importing.door import as_model
    from .model.runnable import Runnable

    return given if isinstance(given, Runnable) else as_model(given)


display.present_by(_presenter)
door.bring_by(_brought)
