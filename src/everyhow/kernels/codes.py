"""The numbers by which kernels know activation functions, each with its parameters (four, those beyond being 0)."""

LEAKY = 0  # slope below 0; relu has slope 0, identity slope 1
TANH = 1
SIGMOID = 2  # steepness
CLIP = 3  # slope, shift, low, high: what slope * z + shift is, held between low and high
ELU = 4  # factor of exp(z) - 1 below 0, slope above
SOFTPLUS = 5  # beta
SOFTSIGN = 6
STEP = 7  # the value below 0; at 0 it is 0, above 1
# From gelu on they dip: they fall below 0 and rise again.
GELU, GELU_NEW, SILU, HARDSWISH = 8, 9, 10, 11
