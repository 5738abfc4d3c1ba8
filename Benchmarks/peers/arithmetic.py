"""The arithmetic of a training step of the whole models: the operations of its products.

Each product of the forward pass has two in the backward pass, one for each operand's gradient, or
one where an operand is the data. A convolution is a product whose rows are windows. Attention
counts all pairs of tokens, masked ones included.

Products are (rows, terms, columns); of images, the first is the one with the data.
"""

from models import CLASSES, LAYERS, MODELS, STAGES, VOCABULARY, WIDTH, residual_blocks


def cnn(batch, shape):
    return [(batch * 24 * 24, 25, 16), (batch * 8 * 8, 16 * 25, 32), (batch, 512, CLASSES)]


def lstm(batch, shape):
    tokens = batch * shape[0]
    layer = [(tokens, WIDTH, 4 * WIDTH)] * 2  # of the inputs and of the hidden state
    return [*layer, *layer, (tokens, WIDTH, VOCABULARY)]


def gpt(batch, shape):
    tokens, context = batch * shape[0], shape[0]
    block = [
        (tokens, WIDTH, 3 * WIDTH),
        (tokens, WIDTH, context),  # queries · keys, of all heads
        (tokens, context, WIDTH),  # weights · values
        (tokens, WIDTH, WIDTH),
        (tokens, WIDTH, 4 * WIDTH),
        (tokens, 4 * WIDTH, WIDTH),
    ]
    return block * LAYERS + [(tokens, WIDTH, VOCABULARY)]


def resnet20(batch, shape):
    side = shape[1]
    products = [(batch * side**2, 9 * shape[0], STAGES[0])]
    for _, inputs, outputs, stride in residual_blocks():
        side //= stride
        rows = batch * side**2
        products += [(rows, 9 * inputs, outputs), (rows, 9 * outputs, outputs)]
    return [*products, (batch, STAGES[-1], CLASSES)]


FORWARD_PRODUCTS = {"cnn": cnn, "lstm": lstm, "gpt": gpt, "resnet20": resnet20}


def step_gflop(name):
    """10⁹ operations of a step."""
    model = MODELS[name]
    products = FORWARD_PRODUCTS[name](model.batch, model.sample)
    operations = [2 * rows * terms * columns for rows, terms, columns in products]
    data = 0 if model.is_of_text else operations[0]
    return (3 * sum(operations) - data) / 1e9
