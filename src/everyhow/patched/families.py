"""By which names the heads and MLPs of transformers lie in their modules, family by family."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """Where the parts of a transformer lie, as paths of a PyTorch module.

    Attributes:
        models: those that are named so, in words.
        blocks: the list of its blocks.
        attention: of a block, what attends.
        back: of a block, the map of all heads' outputs back to the stream; a head has d_head consecutive numbers of
            what enters it.
        mlp: of a block, what gives what the MLP writes.
        norm: the norm before the unembedding.
        unembedding: what gives the logits.
    """

    models: str
    blocks: str
    attention: str
    back: str
    mlp: str
    norm: str
    unembedding: str = "lm_head"


# A module is of the first one whose paths it has.
FAMILIES = (
    Family("GPT-2", "transformer.h", "attn", "attn.c_proj", "mlp", "transformer.ln_f"),
    Family("GPT-Neo", "transformer.h", "attn", "attn.attention.out_proj", "mlp", "transformer.ln_f"),
    Family("GPT-J, CodeGen", "transformer.h", "attn", "attn.out_proj", "mlp", "transformer.ln_f"),
    Family("Falcon", "transformer.h", "self_attention", "self_attention.dense", "mlp", "transformer.ln_f"),
    Family(
        "GPT-NeoX, Pythia", "gpt_neox.layers", "attention", "attention.dense", "mlp", "gpt_neox.final_layer_norm",
        "embed_out",
    ),
    Family(
        "GPT-NeoX, Pythia", "gpt_neox.layers", "attention", "attention.dense", "mlp", "gpt_neox.final_layer_norm"
    ),
    Family("Llama, Mistral, Qwen, Gemma", "model.layers", "self_attn", "self_attn.o_proj", "mlp", "model.norm"),
    Family("Phi", "model.layers", "self_attn", "self_attn.dense", "mlp", "model.final_layernorm"),
    Family(
        "OPT", "model.decoder.layers", "self_attn", "self_attn.out_proj", "fc2", "model.decoder.final_layer_norm"
    ),
)  # fmt: skip
# What says how many heads there are, in a configuration or in the part that attends.
HEADS = ("num_attention_heads", "n_head", "num_heads", "n_heads", "heads")
