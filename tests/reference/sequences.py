"""What PyTorch makes of each cell in either direction, over rows of different lengths: writes tests/fixtures/sequences.safetensors.

    python tests/reference/sequences.py        (needs torch, made with 2.15; numpy)

The cells are written out step by step, so that every gate can be kept and autograd can be asked for the gradient that
arrives at each h (`retain_grad`) and at each gate (it is that of the projected input, which is added to it). What comes out
is then held against PyTorch's own layers over a packed sequence. PyTorch computes in f64 from f32 numbers.

Each case is named cell-direction. A row that has ended gives zeros; its last state is that of its own last step.
"""

import numpy as np
import torch

from fixtures import save

LAYERS = {"rnn": (torch.nn.RNN, 1), "gru": (torch.nn.GRU, 3), "lstm": (torch.nn.LSTM, 4)}
STEPS, HIDDEN, LENGTHS = 6, 5, [4, 6, 1]


def step(cell, projected, recurrent, hidden, memory):
    """h, c and the gates, each [H]."""
    p, s = projected.split(HIDDEN), recurrent.split(HIDDEN)
    if cell == "rnn":
        new = torch.tanh(p[0] + s[0])
        return new, None, [new]
    if cell == "gru":
        r, z = torch.sigmoid(p[0] + s[0]), torch.sigmoid(p[1] + s[1])
        n = torch.tanh(p[2] + r * s[2])
        return (1 - z) * n + z * hidden, None, [r, z, n]
    i, f, o = (torch.sigmoid(p[g] + s[g]) for g in (0, 1, 3))
    g = torch.tanh(p[2] + s[2])
    c = f * memory + i * g
    return o * torch.tanh(c), c, [i, f, g, o]


def case(cell, reverse, random):
    layer, gates = LAYERS[cell]
    rows, batch = gates * HIDDEN, len(LENGTHS)

    def draw(*shape, scale=1.0):
        return torch.tensor(random.normal(0, scale, shape).astype(np.float32)).double()

    given = {
        "projected": draw(STEPS, batch, rows),
        "state.hidden": draw(batch, HIDDEN, scale=0.5),
        "weight_hh": draw(rows, HIDDEN, scale=HIDDEN**-0.5),
        "bias_hh": draw(rows, scale=0.5),
    }
    if cell == "lstm":
        given["state.cell"] = draw(batch, HIDDEN)
    given = {name: tensor.requires_grad_() for name, tensor in given.items()}

    zeros = torch.zeros(HIDDEN).double()
    hidden = [[zeros] * batch for _ in range(STEPS)]
    cells = [[zeros] * batch for _ in range(STEPS)]
    kept = [[torch.zeros(gates, HIDDEN).double()] * batch for _ in range(STEPS)]
    last_hidden, last_cell = [], []
    for row, length in enumerate(LENGTHS):
        h, c = given["state.hidden"][row], given["state.cell"][row] if cell == "lstm" else None
        for at in reversed(range(length)) if reverse else range(length):
            recurrent = given["weight_hh"] @ h + given["bias_hh"]
            h, c, of_step = step(cell, given["projected"][at, row], recurrent, h, c)
            h.retain_grad()
            hidden[at][row], kept[at][row] = h, torch.stack(of_step)
            cells[at][row] = zeros if c is None else c
        last_hidden.append(h)
        last_cell.append(c)
    results = {"hidden": torch.stack([torch.stack(of_step) for of_step in hidden]), "last.hidden": torch.stack(last_hidden)}
    if cell == "lstm":
        results["last.cell"] = torch.stack(last_cell)
    agree(cell, reverse, given, results)

    weights = {name: draw(*tensor.shape) for name, tensor in results.items()}
    sum((results[name] * weights[name]).sum() for name in results).backward()
    arrived = [torch.stack([zeros if h.grad is None else h.grad for h in of_step]) for of_step in hidden]
    tape = {"tape.gates": torch.stack([torch.stack(of_step) for of_step in kept]), "tape.arrived": torch.stack(arrived)}
    if cell == "lstm":
        tape["tape.cell"] = torch.stack([torch.stack(of_step) for of_step in cells])
    tensors = given | results | tape
    tensors |= {f"loss.{name}": tensor for name, tensor in weights.items()}
    tensors |= {f"grad.{name}": tensor.grad for name, tensor in given.items()}
    name = f"{cell}-{'reverse' if reverse else 'forward'}"
    return {f"{name}.{key}": tensor.detach().numpy() for key, tensor in tensors.items()}


def agree(cell, reverse, given, results):
    """PyTorch's own layer, through an identity weight_ih, gives the same."""
    layer, gates = LAYERS[cell]
    rows = gates * HIDDEN
    both = layer(rows, HIDDEN, bidirectional=True).double()
    fixed = {}
    for suffix in ("", "_reverse"):
        fixed |= {
            f"weight_ih_l0{suffix}": torch.eye(rows).double(),
            f"bias_ih_l0{suffix}": torch.zeros(rows).double(),
            f"weight_hh_l0{suffix}": given["weight_hh"],
            f"bias_hh_l0{suffix}": given["bias_hh"],
        }
    state = torch.stack([given["state.hidden"]] * 2)
    if cell == "lstm":
        state = (state, torch.stack([given["state.cell"]] * 2))
    packed = torch.nn.utils.rnn.pack_padded_sequence(given["projected"], LENGTHS, enforce_sorted=False)
    out, last = torch.func.functional_call(both, fixed, (packed, state))
    out, _ = torch.nn.utils.rnn.pad_packed_sequence(out, total_length=STEPS)
    last = last if cell == "lstm" else (last,)
    half = slice(HIDDEN, None) if reverse else slice(None, HIDDEN)
    torch.testing.assert_close(results["hidden"], out[..., half])
    torch.testing.assert_close(results["last.hidden"], last[0][int(reverse)])
    if cell == "lstm":
        torch.testing.assert_close(results["last.cell"], last[1][int(reverse)])


random = np.random.default_rng(2)
tensors = {"lengths": np.array(LENGTHS)}
for cell in LAYERS:
    for reverse in (False, True):
        tensors |= case(cell, reverse, random)
save("sequences.safetensors", tensors)
