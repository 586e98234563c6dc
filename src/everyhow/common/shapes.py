"""Shapes in signatures, such as `Float[np.ndarray, "rows columns"]`: what an array holds, and the names of its lengths.

People read them, and jaxtyping checks them while the tests run. To load jaxtyping takes as long as to load NumPy, so it
is used only where it is loaded already; elsewhere an annotation is the kind of array alone.
"""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or "jaxtyping" in sys.modules:
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
