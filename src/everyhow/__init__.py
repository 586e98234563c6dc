"""Count every explanation of a small network in four defined families, and find the criterion that leaves only one."""

from .auditing.asked import Questions as Questions
from .auditing.audit import Audit as Audit
from .auditing.explaining import audit as audit
from .auditing.explaining import audit_behavior as audit_behavior
from .auditing.reopening import reopen as _reopen
from .boolean.cost import CostModel as CostModel
from .common import display as display
from .common import starting as starting
from .common.errors import BudgetError as BudgetError
from .common.errors import EveryhowError as EveryhowError
from .common.errors import InputError as InputError
from .common.version import own_version as _own_version
from .comparison.comparing import compare as compare
from .comparison.course import over as over
from .experiment.cross_examination import cross_examine as cross_examine
from .experiment.deciding import decide_between as decide_between
from .hypotheses.deciding import decide as decide
from .hypotheses.hypothesis import hypothesis as hypothesis
from .hypotheses.neuron import neuron as neuron
from .hypotheses.testing import test as test
from .importing.capture import capture as capture
from .importing.door import as_model as _as_model
from .importing.load import load as load
from .importing.onnx_files import from_onnx as from_onnx
from .importing.sklearn_models import from_sklearn as from_sklearn
from .importing.state_dicts import from_state_dict as from_state_dict
from .importing.torch_modules import from_torch as from_torch
from .kinds import save_model as save_model
from .mapping.causal_models import CausalModel as CausalModel
from .model import door as door
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

__version__ = _own_version()
# A network is stored as any model is.
save_network = save_model
# The audit of a run folder, taken up again.
load_audit = _reopen


def _presenter() -> display.Presenter:
    """The report, which is loaded when the first value is to be seen."""
    from .report import presenter

    return presenter


# What `dir(everyhow)` and editors offer: the names above, and not the rooms that are loaded with them.
_NAMES = sorted(name for name, value in globals().items() if name[0] != "_" and not isinstance(value, type(display)))


def __dir__() -> list[str]:
    return [*_NAMES, "__version__"]


display.present_by(_presenter)
door.bring_by(_as_model)
