"""everyhow."""
from .network import xornet as xornet
