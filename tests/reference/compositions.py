"""What PyTorch makes of three small compositions, forward and backward: writes tests/fixtures/compositions.safetensors.

    python tests/reference/compositions.py        (needs torch, made with 2.15; numpy)

- tagger-CELL: a label a position. Embedding, both directions of a layer side by side, a linear layer.
- classifier: a label a row. Embedding, a GRU, its state at each row's last position, a linear layer.
- translator: an encoder and a decoder, both an LSTM; the decoder begins with the encoder's last state. Dot attention (Luong
  et al. 2015) over the encoder's positions; context and h side by side, a linear layer.

Rows have different lengths. The loss is the cross-entropy, its positions weighted: the sum of weight times loss over the
sum of the weights. Ids, targets and lengths are written as numbers like all others; everything is time-major. PyTorch
computes in f64 from f32 numbers. Gradients are named `grad.` and the weight's name.
"""

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from fixtures import save

LAYERS = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
SYMBOLS, LABELS, WIDTH, HIDDEN = 7, 4, 3, 5
STEPS, LENGTHS = 6, [6, 2, 4]
TARGET_STEPS, TARGET_LENGTHS = 4, [3, 4, 1]
BATCH = len(LENGTHS)
random = np.random.default_rng(3)


def draw(module):
    """Weights of f32 numbers, larger than usual, so that gradients are no rounding."""
    module = module.double()
    for tensor in module.parameters():
        numbers = random.uniform(-0.8, 0.8, tuple(tensor.shape)).astype(np.float32)
        tensor.data = torch.tensor(numbers).double()
    return module


def ids(count, *shape):
    return torch.tensor(random.integers(0, count, shape))


def weights(lengths, steps):
    """A weight a position, none past the end of a row: [T, B]."""
    drawn = torch.tensor(random.uniform(0.2, 1.0, (steps, len(lengths))).astype(np.float32)).double()
    return drawn * (torch.arange(steps)[:, None] < torch.tensor(lengths))


def run(layer, inputs, lengths, state=None):
    """What a layer makes of padded rows, and its last state."""
    packed = pack_padded_sequence(inputs, lengths, enforce_sorted=False)
    out, last = layer(packed) if state is None else layer(packed, state)
    return pad_packed_sequence(out, total_length=inputs.shape[0])[0], last


def result(name, modules, given, scores, targets, weights):
    """A case: what went in, scores, loss, and the gradient of every weight."""
    losses = cross_entropy(scores.flatten(0, -2), targets.flatten(), reduction="none")
    loss = (losses * weights.flatten()).sum() / weights.sum()
    loss.backward()
    tensors = given | {"targets": targets, "weights": weights, "scores": scores, "loss": loss}
    for part, module in modules.items():
        for key, tensor in module.named_parameters():
            tensors |= {f"{part}.{key}": tensor, f"grad.{part}.{key}": tensor.grad}
    return {f"{name}.{key}": tensor.detach().numpy() for key, tensor in tensors.items()}


def tagger(cell):
    embedding = draw(torch.nn.Embedding(SYMBOLS, WIDTH))
    rnn = draw(LAYERS[cell](WIDTH, HIDDEN, bidirectional=True))
    head = draw(torch.nn.Linear(2 * HIDDEN, LABELS))
    inputs = ids(SYMBOLS, STEPS, BATCH)
    hidden, _ = run(rnn, embedding(inputs), LENGTHS)
    given = {"ids": inputs, "lengths": torch.tensor(LENGTHS)}
    modules = {"embedding": embedding, "rnn": rnn, "head": head}
    return result(f"tagger-{cell}", modules, given, head(hidden), ids(LABELS, STEPS, BATCH), weights(LENGTHS, STEPS))


def classifier():
    embedding = draw(torch.nn.Embedding(SYMBOLS, WIDTH))
    rnn = draw(torch.nn.GRU(WIDTH, HIDDEN))
    head = draw(torch.nn.Linear(HIDDEN, LABELS))
    inputs = ids(SYMBOLS, STEPS, BATCH)
    _, last = run(rnn, embedding(inputs), LENGTHS)
    given = {"ids": inputs, "lengths": torch.tensor(LENGTHS)}
    modules = {"embedding": embedding, "rnn": rnn, "head": head}
    return result("classifier", modules, given, head(last[0]), ids(LABELS, BATCH), weights([1] * BATCH, 1)[0])


def translator():
    source = draw(torch.nn.Embedding(SYMBOLS, WIDTH))
    encoder = draw(torch.nn.LSTM(WIDTH, HIDDEN))
    target = draw(torch.nn.Embedding(SYMBOLS, WIDTH))
    decoder = draw(torch.nn.LSTM(WIDTH, HIDDEN))
    head = draw(torch.nn.Linear(2 * HIDDEN, SYMBOLS))
    inputs, outputs = ids(SYMBOLS, STEPS, BATCH), ids(SYMBOLS, TARGET_STEPS, BATCH)
    encoded, last = run(encoder, source(inputs), LENGTHS)
    decoded, _ = run(decoder, target(outputs), TARGET_LENGTHS, last)
    scores = torch.einsum("tbh,sbh->tbs", decoded, encoded)
    past = torch.arange(STEPS)[None, :] >= torch.tensor(LENGTHS)[:, None]
    attention = scores.masked_fill(past, -torch.inf).softmax(-1)
    context = torch.einsum("tbs,sbh->tbh", attention, encoded)
    given = {
        "ids": inputs,
        "lengths": torch.tensor(LENGTHS),
        "decoder.ids": outputs,
        "decoder.lengths": torch.tensor(TARGET_LENGTHS),
        "attention": attention,
    }
    modules = {"source": source, "encoder": encoder, "target": target, "decoder": decoder, "head": head}
    return result(
        "translator",
        modules,
        given,
        head(torch.cat([context, decoded], -1)),
        ids(SYMBOLS, TARGET_STEPS, BATCH),
        weights(TARGET_LENGTHS, TARGET_STEPS),
    )


tensors = {}
for cell in LAYERS:
    tensors |= tagger(cell)
tensors |= classifier() | translator()
save("compositions.safetensors", tensors)
