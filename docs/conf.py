"""The site: how Sphinx builds it. `make docs` does, without a network.

What the program itself knows (its commands, plans, formats, benchmarks) is not written twice: the directives of
`docs/building` put it on the pages.
"""

import sys
from datetime import date
from pathlib import Path

HERE = Path(__file__).parent
# Shapes of arrays are part of what a signature says; everyhow shows them where jaxtyping is loaded before it.
import jaxtyping  # noqa: E402, F401

sys.path.insert(0, str(HERE))

import everyhow  # noqa: E402

project = "everyhow"
author = "the everyhow developers"
copyright = f"{date.today().year}, {author}"
version = release = everyhow.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "building",
]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
exclude_patterns = ["_build", "building", "examples/textbook/README.md", "**/.ipynb_checkpoints"]
default_role = "code"
# Blocks that do not say otherwise are what a terminal shows.
highlight_language = "text"
# Dashes between a parameter and what it is; quotation marks stay as they are.
smartquotes_action = "D"
maximum_signature_line_length = 88
nitpicky = True
# Beside a page, a method is called by its own name alone.
toc_object_entries_show_parents = "hide"

myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 4
# The notebooks are stored with their outputs; a test sees whether they are stale.
nb_execution_mode = "off"
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"

html_theme = "furo"
html_title = "everyhow"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
