"""What PyTorch makes of each cell, forward and backward: writes tests/fixtures/cells-*.safetensors.

    python tests/reference/cells.py        (needs torch, made with 2.15; numpy)

The operator under test takes its input already projected, so the layer here gets `projected` as its input, through an
identity weight_ih and no bias_ih. Inputs are f32 numbers; PyTorch computes in f64, so that its own rounding is not in the
figures. The loss is a weighted sum of everything that comes out, so that every output has a gradient.

Each case is named cell-hidden-batch-context; its tensors are named after the operator's arguments and results, the
weights of the loss `loss.*`, the gradients `grad.*`.
"""

import numpy as np
import torch

from fixtures import save

CELLS = {"rnn": (torch.nn.RNN, 1), "gru": (torch.nn.GRU, 3), "lstm": (torch.nn.LSTM, 4)}
# (hidden, batch, context); the tiny ones travel in the engine, which checks itself in the browser.
SIZES = {"tiny": [(1, 1, 1), (1, 3, 5), (7, 1, 17), (7, 3, 5)], "odd": [(33, 1, 17), (33, 3, 5)]}


def case(cell, hidden, batch, context, random):
    kind, gates = CELLS[cell]
    rows = gates * hidden

    def draw(*shape, scale=1.0):
        return torch.tensor(random.normal(0, scale, shape).astype(np.float32)).double()

    given = {
        "projected": draw(context, batch, rows),
        "state.hidden": draw(batch, hidden, scale=0.5),
        "weight_hh": draw(rows, hidden, scale=hidden**-0.5),
        "bias_hh": draw(rows, scale=0.5),
    }
    if cell == "lstm":
        given["state.cell"] = draw(batch, hidden)
    given = {name: tensor.requires_grad_() for name, tensor in given.items()}

    layer = kind(rows, hidden).double()
    fixed = {
        "weight_ih_l0": torch.eye(rows).double(),
        "bias_ih_l0": torch.zeros(rows).double(),
        "weight_hh_l0": given["weight_hh"],
        "bias_hh_l0": given["bias_hh"],
    }
    state = given["state.hidden"][None]
    if cell == "lstm":
        state = (state, given["state.cell"][None])
    out, last = torch.func.functional_call(layer, fixed, (given["projected"], state))
    last = last if cell == "lstm" else (last,)
    results = {"hidden": out, "last.hidden": last[0][0]}
    if cell == "lstm":
        results["last.cell"] = last[1][0]
    weights = {name: draw(*tensor.shape) for name, tensor in results.items()}
    sum((results[name] * weights[name]).sum() for name in results).backward()

    tensors = dict(given) | results
    tensors |= {f"loss.{name}": tensor for name, tensor in weights.items()}
    tensors |= {f"grad.{name}": tensor.grad for name, tensor in given.items()}
    name = f"{cell}-{hidden}-{batch}-{context}"
    return {f"{name}.{key}": tensor.detach().numpy() for key, tensor in tensors.items()}


for name, sizes in SIZES.items():
    random = np.random.default_rng(1)
    tensors = {}
    for cell in CELLS:
        for hidden, batch, context in sizes:
            tensors |= case(cell, hidden, batch, context, random)
    save(f"cells-{name}.safetensors", tensors)
