"""Writes modules.json: values and gradients of PyTorch's functions, modules and losses, in float64.

python3 -m pip install torch && python3 modules.py

Inputs and parameters are numbers that float32 holds. Gradients are those of the sum of all outputs, each
times its own of the numbers ((7 i) mod 13 − 6) / 8. Last written by PyTorch 2.15.0.
"""
import itertools
import json
import math
import pathlib
import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(1)
cases = []


def grid(*shape, bound=2):
    """Multiples of 1/32 within ±bound, no two of them equal if there are few enough."""
    count, steps = math.prod(shape), 32 * bound
    numbers = torch.arange(-steps, steps + 1).repeat(1 + count // (2 * steps))
    order = torch.randperm(len(numbers), generator=generator)[:count]
    return (numbers[order] / 32).reshape(shape)


def number(value):
    value = float(f"{value:.13g}")
    if math.isfinite(value):
        return int(value) if value == int(value) else value
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def numbers(tensor):
    return [number(value) for value in tensor.detach().double().flatten().tolist()]


def array(tensor):
    return {"shape": list(tensor.shape), "values": numbers(tensor)}


def case(name, function, *inputs, module=None, names=None, gradients=True):
    """`names` are the parameters' names here, in the order in which the module has them."""
    parameters = {}
    if module is not None:
        own = list(module.named_parameters())
        for (key, parameter), name_here in zip(own, names or [key for key, _ in own], strict=True):
            parameter.data = grid(*parameter.shape, bound=1)
            parameters[name_here] = parameter
    sources = {str(i): x for i, x in enumerate(inputs) if x.is_floating_point()} if gradients else {}
    for x in sources.values():
        x.requires_grad_()
    output = function(*inputs)
    found = {}
    if gradients:
        sources |= parameters
        weights = torch.tensor([((7 * i) % 13 - 6) / 8 for i in range(output.numel())])
        total = (output.flatten() * weights)[weights != 0].sum()
        found = dict(zip(sources, map(numbers, torch.autograd.grad(total, list(sources.values())))))
    cases.append({
        "name": name, "inputs": [array(x) for x in inputs],
        "parameters": {key: array(p) for key, p in parameters.items()},
        "output": array(output), "gradients": found})


def module_case(name, module, *inputs, names=None):
    case(name, module, *inputs, module=module, names=names)


# Elementwise functions.
def edges():
    values = [-100, -50, -20, -3.25, -1, -0.5, -1 / 32, 0, 1 / 32, 0.5, 1, 2.75, 20, 50, 100]
    return torch.tensor(values).reshape(3, 5)


for name, function in {
    "relu": F.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "gelu": F.gelu,
    "geluTanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu, "softplus": F.softplus,
    "elu": F.elu, "leakyReLU": F.leaky_relu, "hardTanh": F.hardtanh,
}.items():
    case(f"activation {name}", function, edges())
case("elementwise elu 0.5", lambda x: F.elu(x, alpha=0.5), edges())
case("elementwise leaky 0.25", lambda x: F.leaky_relu(x, 0.25), edges())
case("elementwise clamp", lambda x: x.clamp(-1, 0.5), edges())
case("elementwise maximum", torch.maximum, grid(3, 4), grid(3, 4) + 1 / 64)
case("elementwise minimum", torch.minimum, grid(3, 4), grid(3, 4) + 1 / 64)
case("elementwise maximum with NaN", torch.maximum, torch.tensor([math.nan, 1, math.nan]),
     torch.tensor([1, math.nan, math.nan]), gradients=False)
case("elementwise magnitude", torch.abs, grid(3, 4) + 1 / 64)
case("elementwise log of one plus", torch.log1p,
     torch.tensor([-0.75, -0.125, -2**-20, 0, 2**-30, 2**-12, 0.09375, 0.125, 3, 1000]))
case("elementwise masks", lambda a, b: torch.where((a > b) & (a <= 1) | ~(b >= 0), a, b),
     grid(3, 5), grid(3, 5) + 1 / 64)

# Folds.
for axis in [0, 1, -1]:
    case(f"fold softmax {axis}", lambda x: x.softmax(axis), grid(2, 3, 4))
    case(f"fold logSoftmax {axis}", lambda x: x.log_softmax(axis), grid(2, 3, 4))
case("fold softmax of large numbers", lambda x: x.softmax(-1), 500 * grid(2, 3))
case("fold logSumExp 0 2", lambda x: x.logsumexp([0, 2]), grid(2, 3, 4))
case("fold logSumExp", lambda x: x.logsumexp([0, 1]), 500 * grid(2, 3))
case("fold logSumExp of infinities", lambda x: x.logsumexp(1),
     torch.tensor([[-math.inf, -math.inf], [math.inf, 1], [-math.inf, 2], [math.nan, 1]]),
     gradients=False)
case("fold min 1", lambda x: x.amin(1), grid(2, 3, 4))
case("fold min", lambda x: x.amin(), grid(2, 5))
case("fold variance 0 2", lambda x: x.var([0, 2]), grid(2, 3, 4))
case("fold variance 1 biased", lambda x: x.var(1, correction=0), grid(2, 3, 4))
case("fold variance of one", lambda x: x.var(1), grid(3, 1), gradients=False)
case("fold product 1", lambda x: x.prod(1), grid(2, 5, 3))
case("fold product 0 2", lambda x: x.prod(2).prod(0), grid(2, 3, 3))
case("fold product with zeros", lambda x: x.prod(1),
     torch.tensor([[1.5, 0, -2, 3, 0.5, 1, 2], [0, 2, 0, 1, 3, 0.5, 1]]))

# Convolutions.
for stride, padding, dilation, groups in itertools.product([1, 2], [0, 1], [1, 2], [1, 2]):
    module_case(
        f"conv2D {stride} {padding} {dilation} {groups}",
        nn.Conv2d(2, 4, 3, stride, padding, dilation, groups), grid(2, 2, 7, 5))
    module_case(
        f"conv1D {stride} {padding} {dilation} {groups}",
        nn.Conv1d(4, 2, 3, stride, padding, dilation, groups), grid(2, 4, 7))
module_case("conv2D of one element", nn.Conv2d(3, 2, 1, bias=False), grid(2, 3, 3, 1))
module_case("conv2D by channels", nn.Conv2d(3, 6, 2, groups=3), grid(1, 3, 4, 3))
case("conv2D of other windows", lambda x, w: F.conv2d(x, w, None, (2, 1), (1, 0), (1, 2)),
     grid(2, 2, 5, 6), grid(3, 2, 3, 2))
for stride, padding, output_padding, dilation, groups in [
    (1, 0, 0, 1, 1), (2, 0, 0, 1, 1), (2, 1, 1, 1, 1), (2, 1, 0, 2, 2), (1, 1, 1, 2, 2),
    (1, 0, 0, 1, 2), (3, 1, 2, 2, 1),
]:
    module_case(
        f"transposed {stride} {padding} {output_padding} {dilation} {groups}",
        nn.ConvTranspose2d(2, 4, 3, stride, padding, output_padding, groups, True, dilation),
        grid(2, 2, 3, 2))
module_case("transposed without bias", nn.ConvTranspose2d(4, 2, 2, 2, bias=False), grid(1, 4, 2, 3))

# Pooling.
case("pool max 2", lambda x: F.max_pool2d(x, 2), grid(2, 2, 5, 4))
case("pool max 3 2 1 1", lambda x: F.max_pool2d(x, 3, 2, 1), grid(2, 2, 5, 6))
case("pool max 2 1 1 2", lambda x: F.max_pool2d(x, 2, 1, 1, 2), grid(2, 5, 6))
case("pool max of equals", lambda x: F.max_pool2d(x, 3, 2, 1), (grid(1, 2, 7, 7)).floor())
case("pool max of NaN", lambda x: F.max_pool2d(x, 2, 1),
     torch.tensor([[[1, math.nan, 2], [0, 3, 1.0], [1, -math.inf, -math.inf]]]), gradients=False)
case("pool average 2", lambda x: F.avg_pool2d(x, 2), grid(2, 2, 5, 4))
case("pool average 3 2 1", lambda x: F.avg_pool2d(x, 3, 2, 1), grid(2, 2, 5, 6))
case("pool average 3 2 1 inside", lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False),
     grid(2, 2, 5, 6))
case("pool global", lambda x: F.adaptive_avg_pool2d(x, 1).flatten(1), grid(2, 3, 3, 5))

# Norms.
module_case("norm layer", nn.LayerNorm(5), grid(2, 3, 5))
module_case("norm layer of two axes", nn.LayerNorm([3, 5], eps=0.25), grid(2, 3, 5))
module_case("norm layer without bias", nn.LayerNorm(5, bias=False), grid(3, 5))
module_case("norm rms", nn.RMSNorm(5, eps=2**-23), grid(2, 3, 5))
module_case("norm group", nn.GroupNorm(2, 4), grid(2, 4, 3, 2))
module_case("norm each channel", nn.GroupNorm(3, 3), grid(2, 3, 5))

# Rows of tables, dense layers, attention.
module_case("dense without bias", nn.Linear(4, 3, bias=False), grid(2, 3, 4))
linear = nn.Linear(4, 4)
case("dense residual", lambda x: x + linear(x), grid(2, 4), module=linear,
     names=["module.layers.0.weight", "module.layers.0.bias"])
module_case("embedding", nn.Embedding(5, 3), torch.tensor([[0, 4, 2], [4, 4, 1]]))
mask = torch.tensor([[1, 1, 0, 1, 1], [1, 0, 0, 0, 1], [0, 1, 0, 0, 0]])
case("attention of others", F.scaled_dot_product_attention, grid(2, 3, 4), grid(2, 5, 4), grid(2, 5, 2))
case("attention with a mask",
     lambda q, k, v, m: F.scaled_dot_product_attention(q, k, v, attn_mask=m != 0),
     grid(2, 3, 4), grid(2, 5, 4), grid(2, 5, 2), mask)
projections = ["qkv.weight", "qkv.bias", "projection.weight", "projection.bias"]
key_mask = torch.tensor([[1, 1, 0, 1, 1], [1, 0, 1, 0, 0]])
causal = torch.ones(5, 5, dtype=torch.bool).triu(1)
for name, options in {
    "": {}, " causal": {"attn_mask": causal},
}.items():
    module = nn.MultiheadAttention(6, 3, batch_first=True)
    case(f"heads{name}", lambda x: module(x, x, x, need_weights=False, **options)[0], grid(2, 5, 6),
         module=module, names=projections)
    case(f"heads{name} with a key mask",
         lambda x, m: module(x, x, x, need_weights=False, key_padding_mask=m == 0, **options)[0],
         grid(2, 5, 6), key_mask, module=module, names=projections)
module = nn.MultiheadAttention(4, 2, bias=False, batch_first=True)
case("heads without bias", lambda x: module(x, x, x, need_weights=False)[0], grid(1, 3, 4),
     module=module, names=projections[::2])
block = nn.TransformerEncoderLayer(4, 2, 7, 0, "gelu", batch_first=True, norm_first=True)
case("block", lambda x: block(x, src_mask=causal), grid(2, 5, 4), module=block,
     names=[f"attention.{name}" for name in projections] + [
         "up.weight", "up.bias", "down.weight", "down.bias",
         "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"])

# Losses; PyTorch's classes are the second axis.
labels, some = torch.tensor([2, 0, 1, 1, 0]), torch.tensor([2, -1, 1, -1, 0])
weights = torch.tensor([0.5, 2, 1.25])
ignored = torch.full((5,), -1)


def logits(*shape):
    return grid(*(shape or (5, 3)))


def cross_entropy(**options):
    return lambda x, y: F.cross_entropy(x.movedim(-1, 1), y, **options)


for name, y, options in [
    ("", labels, {}), (" smooth", labels, {"label_smoothing": 0.125}),
    (" ignoring", some, {"ignore_index": -1}), (" weighted", labels, {"weight": weights}),
    (" of all kinds", some, {"label_smoothing": 0.25, "ignore_index": -1, "weight": weights}),
    (" smooth ignoring", some, {"label_smoothing": 0.25, "ignore_index": -1}),
    (" ignoring all", ignored, {"ignore_index": -1}),
]:
    case(f"loss cross-entropy{name}", cross_entropy(**options), logits(), y)
case("loss cross-entropy of sequences", cross_entropy(ignore_index=-1, label_smoothing=0.125),
     logits(2, 3, 4), torch.tensor([[3, -1, 0], [1, 2, -1]]))
case("loss cross-entropy of plain sequences", cross_entropy(), logits(2, 3, 4),
     torch.tensor([[3, 3, 0], [1, 2, 0]]))
case("loss cross-entropy of large logits", cross_entropy(), 500 * logits(), labels)
likely = torch.tensor([[0, -math.inf], [-0.5, -1], [-math.inf, 0]])
case("loss nll at 0 and 1", F.nll_loss, likely.clone(), torch.tensor([0, 1, 1]))
case("loss nll of the impossible", F.nll_loss, likely.clone(), torch.tensor([1, 1, 1]),
     gradients=False)
case("loss nll ignoring the impossible", lambda x, y: F.nll_loss(x, y, ignore_index=7),
     likely.clone(), torch.tensor([0, 1, 7]))
case("loss nll weighted", lambda x, y: F.nll_loss(x, y, weights, ignore_index=-1), logits(), some)
case("loss nll ignoring all", lambda x, y: F.nll_loss(x, y, ignore_index=-1), logits(), ignored)
case("loss binary", lambda x: F.binary_cross_entropy_with_logits(
    x, torch.tensor([[0, 1, 0.25], [1, 0, 0.5], [1, 0, 1]])),
    torch.tensor([[-100, 100, 0.5], [-50, 50, 0], [0, 0, 40]]))
case("loss squared", F.mse_loss, grid(3, 4), grid(3, 4))
case("loss absolute", F.l1_loss, torch.tensor([1, 2, -1.5]), torch.tensor([1.5, 2, -2]))
for delta in [1, 0.5]:
    case(f"loss huber {delta}", lambda x, y: F.huber_loss(x, y, delta=delta),
         torch.tensor([1, 2, -1.5, 0, 3]), torch.tensor([1.5, 2, -2, 1, 0]))
case("loss hinge", lambda x, y: F.relu(1 - x * y).mean(), grid(3, 4),
     (grid(3, 4) + 1 / 64).sign())

# Later ones come last: so the numbers of the others stay.
case("loss divergence", lambda x: F.kl_div(
    x, torch.tensor([[0.5, 0.25, 0.25], [0, 1, 0]]), reduction="batchmean"), grid(2, 3) - 2)
module_case("gated", nn.GLU(), grid(3, 8))
module_case("gated channels", nn.GLU(1), grid(2, 4, 3))

result = {"version": torch.__version__, "cases": cases}
path = pathlib.Path(__file__).with_name("modules.json")
path.write_text(json.dumps(result, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")
print(torch.__version__, len(cases), "cases,", path.stat().st_size, "bytes")
