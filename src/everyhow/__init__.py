"""Count every mechanistic explanation of a small network, and find the criterion that leaves only one."""

from . import display as display
from . import starting as starting
from .audit import Audit as Audit
from .audit import audit as audit
from .behavior import Behavior as Behavior
from .behavior import Task as Task
from .behavior import parse_task as parse_task
from .behavior_audit import audit_behavior as audit_behavior
from .boolean.cost import CostModel as CostModel
from .errors import BudgetError as BudgetError
from .errors import EveryhowError as EveryhowError
from .errors import InputError as InputError
from .exchange.causal_models import CausalModel as CausalModel
from .experiments.cross_examination import cross_examine as cross_examine
from .experiments.deciding import decide_between as decide_between
from .importing.capture import capture as capture
from .importing.onnx_files import from_onnx as from_onnx
from .importing.sklearn_models import from_sklearn as from_sklearn
from .importing.state_dicts import from_state_dict as from_state_dict
from .importing.torch_modules import from_torch as from_torch
from .model.circuit import Circuit as Circuit
from .network import Intervention as Intervention
from .network import Network as Network
from .network import xornet as xornet
from .network_files import load as load
from .network_files import save_network as save_network
from .questions import algorithms as algorithms
from .questions import align as align
from .questions import circuits as circuits
from .questions import interpretations as interpretations
from .questions import mappings as mappings
from .questions import place as place
from .readouts.interchange import interchange as interchange
from .readouts.readouts import readouts as readouts
from .sweeps.run import sweep as sweep
from .training import train as train


def _presenter() -> display.Presenter:
    """The report, which is loaded when the first value is to be seen."""
    from .report import presenter

    return presenter


display.present_by(_presenter)
