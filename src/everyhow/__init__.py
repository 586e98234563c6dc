"""Count every mechanistic explanation of a small network, and find the criterion that leaves only one."""

from .audit import Audit as Audit
from .audit import audit as audit
from .behavior import Behavior as Behavior
from .behavior import Task as Task
from .behavior import parse_task as parse_task
from .boolean.cost import CostModel as CostModel
from .circuits.circuit import Circuit as Circuit
from .errors import BudgetError as BudgetError
from .errors import EveryhowError as EveryhowError
from .errors import InputError as InputError
from .experiments.cross_examination import cross_examine as cross_examine
from .experiments.deciding import decide_between as decide_between
from .network import Intervention as Intervention
from .network import Network as Network
from .network import xornet as xornet
from .network_files import load as load
from .network_files import save_network as save_network
from .questions import algorithms as algorithms
from .questions import circuits as circuits
from .questions import interpretations as interpretations
from .questions import mappings as mappings
from .readouts.interchange import interchange as interchange
from .readouts.readouts import readouts as readouts
from .sweeps.run import sweep as sweep
from .training import train as train
