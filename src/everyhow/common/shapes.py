"""Shapes in signatures, such as `Float[np.ndarray, "rows columns"]`: what an array holds, and the names of its lengths.

People read them, and jaxtyping checks them while the tests run. To load jaxtyping takes as long as to load NumPy, so it
is used only where it is loaded already; elsewhere an annotation is the kind of array alone.
"""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # As jaxtyping itself has it for type checkers: the kind of array, whether jaxtyping is installed or not.
    from typing import Annotated as Bool
    from typing import Annotated as Float
    from typing import Annotated as Int
    from typing import Annotated as Int64
    from typing import Annotated as Shaped
    from typing import Annotated as UInt
    from typing import Annotated as UInt8
    from typing import Annotated as UInt64
elif "jaxtyping" in sys.modules:
    from jaxtyping import Bool as Bool
    from jaxtyping import Float as Float
    from jaxtyping import Int as Int
    from jaxtyping import Int64 as Int64
    from jaxtyping import Shaped as Shaped
    from jaxtyping import UInt as UInt
    from jaxtyping import UInt8 as UInt8
    from jaxtyping import UInt64 as UInt64
else:

    class Said:
        """An array with a shape; only the kind of array stays."""

        def __class_getitem__(cls, said: tuple[Any, str]) -> Any:
            return said[0]

    Bool = Float = Int = Int64 = Shaped = UInt = UInt8 = UInt64 = Said
