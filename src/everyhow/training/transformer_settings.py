"""How transformers are trained."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ..common.arguments import check_sizes, is_number, is_whole, listed
from ..common.budget import rounded
from ..common.errors import InputError
from ..common.options import told
from ..model.token_task import TokenTask
from ..transformer.documents import KIND
from ..transformer.parts import ACTIVATIONS
from ..transformer.reading import transformer_from_tensors
from ..transformer.transformer import Transformer
from .settings import MOST, MOST_NUMBERS, check_rules, schedule_rules

NORMS = ("none", "layer", "rms")
# Numbers in double precision take the place of two.
DOUBLE = 2
# Of norms.
EPS = 1e-5


@told
@dataclass(frozen=True)
class TransformerSettings:
    """Everything that decides how a transformer is trained, but the task and the seed.

    Raises:
        InputError: a setting out of range.
    """

    layers: int = field(default=1, metadata={"says": "layers, each of heads and an MLP or none"})
    heads: int = field(default=2, metadata={"says": "attention heads of each layer"})
    width: int = field(default=8, metadata={"says": "numbers of the residual stream (d_model)"})
    head_width: int | None = field(default=None, metadata={"says":
        "numbers of each head (d_head); the width shared out among the heads when None"
    })  # fmt: skip
    mlp: int = field(default=8, metadata={"says": "neurons of the MLP of each layer (d_mlp); 0 for no MLP"})
    activation: str = field(default="relu", metadata={"says": "of the MLPs: relu, gelu, gelu_new or silu"})
    norm: Literal["none", "layer", "rms"] = field(default="none", metadata={"says":
        "before the heads and the MLP of each layer and before the logits: none, layer or rms"
    })  # fmt: skip
    causal: bool = field(default=True, metadata={"says": "whether a position sees only those up to itself"})
    learning_rate: float = field(default=0.01, metadata={"says": "of AdamW"})
    loss_target: float = field(default=0.01, metadata={"says":
        "training stops when the mean cross-entropy of an epoch falls below it"
    })  # fmt: skip
    batch_size: int | None = field(default=None, metadata={"says": "rows per step; all of them when None"})
    epochs: int = field(default=2000, metadata={"says": "passes over the drawn rows, at most"})
    patience: int = field(default=200, metadata={"says":
        "training stops when so many epochs in a row do not improve the loss"
    })  # fmt: skip
    weight_decay: float = field(default=0.01, metadata={"says": "of AdamW"})
    share: float = field(default=1.0, metadata={"says":
        "share of the task's rows that are trained on, drawn by the seed; the others are held out"
    })  # fmt: skip
    labels: Literal["true", "shuffled"] = field(default="true", metadata={"says":
        "true, or shuffled among the rows trained on, so that there is no rule to be learned"
    })  # fmt: skip
    checkpoints: tuple[int, ...] = field(default=(), metadata={"says":
        "the epochs after which the model is kept as well, as far as training goes; 0 is before the first"
    })  # fmt: skip

    def __post_init__(self) -> None:
        object.__setattr__(self, "checkpoints", tuple(listed("checkpoints", self.checkpoints, "epochs, such as (0,)")))
        sizes = {name: getattr(self, name) for name in ("layers", "heads", "width", "head_width", "mlp")}
        rules: dict[str, tuple[bool, str]] = {
            **{
                name: (is_whole(sizes[name], 1, MOST), f"a whole number from 1 to {MOST:,}")
                for name in ("layers", "heads", "width")
            },
            "head_width": (self.head_width is None or is_whole(self.head_width, 1, MOST), "a whole number, or None"),
            "mlp": (is_whole(self.mlp, 0, MOST), f"a whole number from 0, no MLP, to {MOST:,}"),
            "activation": _one_of(self.activation, ACTIVATIONS),
            "norm": _one_of(self.norm, NORMS),
            "causal": (isinstance(self.causal, bool), "True, or False for one that sees all positions"),
            "batch_size": (self.batch_size is None or is_whole(self.batch_size, 1, MOST), "a whole number, or None"),
            "share": (is_number(self.share, 0, 1) and self.share != 0, "above 0, and at most 1"),
            **schedule_rules(self),
        }
        check_rules(self, rules)
        check_sizes([self.width, self.heads, self.mlp, self.head_width or 1], "a transformer of these settings")
        check_sizes([self.layers], "a transformer of these settings", 2**10, "layers")
        if self.head_width is None and self.width % self.heads:
            raise InputError(
                f"a width of {self.width} is not shared out evenly among {self.heads} heads: give a multiple of "
                f"{self.heads}, or head_width (--head-width), the numbers of each head"
            )

    @property
    def d_head(self) -> int:
        """The numbers of each head."""
        return self.width // self.heads if self.head_width is None else self.head_width

    def shapes(self, task: TokenTask) -> dict[str, tuple[int, ...]]:
        """The shape of every weight that is trained, by the names that files have for them.

        The biases of keys are none of them: they add the same to all scores that one softmax is of, so that nothing
        depends on them, and they stay 0.

        Example:
            >>> list(TransformerSettings(mlp=0).shapes(TokenTask([[0, 1], [1, 0]], [0, 1])))[:3]
            ['embed.W_E', 'pos_embed.W_pos', 'blocks.0.attn.W_Q']
        """
        d, h, e, m = self.width, self.heads, self.d_head, self.mlp
        norm = {"none": {}, "layer": {"w": (d,), "b": (d,)}, "rms": {"w": (d,)}}[self.norm]
        found: dict[str, tuple[int, ...]] = {"embed.W_E": (task.size, d), "pos_embed.W_pos": (task.tokens.shape[1], d)}
        for k in range(self.layers):
            at = f"blocks.{k}"
            found |= {f"{at}.ln1.{name}": shape for name, shape in norm.items()}
            for name in "QKV":
                found[f"{at}.attn.W_{name}"] = (h, d, e)
            found |= {f"{at}.attn.b_Q": (h, e), f"{at}.attn.b_V": (h, e)}
            found |= {f"{at}.attn.W_O": (h, e, d), f"{at}.attn.b_O": (d,)}
            if m:
                found |= {f"{at}.ln2.{name}": shape for name, shape in norm.items()}
                found |= {f"{at}.mlp.W_in": (d, m), f"{at}.mlp.b_in": (m,)}
                found |= {f"{at}.mlp.W_out": (m, d), f"{at}.mlp.b_out": (d,)}
        found |= {f"ln_final.{name}": shape for name, shape in norm.items()}
        return found | {"unembed.W_U": (d, task.classes), "unembed.b_U": (task.classes,)}

    def transformer(self, task: TokenTask, weights: Mapping[str, np.ndarray]) -> Transformer:
        """The transformer of these weights, by the names of `shapes`, which answers where the task asks."""
        norms = {name[:-2]: {"eps": EPS, "rms": self.norm == "rms"} for name in weights if name.endswith(".w")}
        said = {"causal": self.causal, "activation": self.activation, "norms": norms}
        said |= {} if task.answer.positions == (-1,) else {"answer_positions": list(task.answer.positions)}
        return transformer_from_tensors(weights, {"kind": KIND, KIND: json.dumps(said)})

    def rows_shown(self, task: TokenTask) -> int:
        """How many rows of a task are trained on: at least one."""
        return max(1, round(self.share * len(task.tokens)))

    def computed_in_a_step(self, task: TokenTask) -> int:
        """About how many numbers one transformer computes on the rows of a step."""
        positions, rows = task.tokens.shape[1], self.rows_shown(task)
        each = self.heads * (4 * self.d_head + 3 * positions) + 6 * self.width + 3 * self.mlp
        return min(rows, self.batch_size or rows) * positions * (self.layers * each + 2 * self.width)

    def check_fits(self, task: TokenTask, transformers: int) -> None:
        """See that a task can be learned by such transformers, and that so many fit in memory together.

        Raises:
            InputError: it cannot, or they do not.
        """
        task.check_answerable(self.causal)
        weights = sum(math.prod(shape) for shape in self.shapes(task).values())
        rows, inside = self.rows_shown(task), self.computed_in_a_step(task)
        batch = min(rows, self.batch_size or rows)
        held = transformers * (DOUBLE * (4 * weights + 2 * inside) + 4 * rows * task.tokens.shape[1])
        if held > MOST_NUMBERS:
            raise InputError(
                f"training {transformers:,} transformer{'s'[: transformers != 1]} at once, each of {rounded(weights)} "
                f"weights on {batch:,} rows a step, takes {rounded(held)} numbers; at most {MOST_NUMBERS:,} are held: "
                f"give a batch size below {batch:,}, a smaller transformer, or fewer of them"
            )


def _one_of(value: object, allowed: tuple[str, ...]) -> tuple[bool, str]:
    return isinstance(value, str) and value in allowed, f"one of {', '.join(allowed)}"
