"""Keep what runs of named experiments found, for the pages of findings.

python docs/findings/store.py RUN...
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from building.findings import store

for folder in sys.argv[1:]:
    print(store(folder))  # noqa: T201
