"""AdamW with clipping to the global norm, by PyTorch: writes tests/fixtures/optimiser.json.

Run from the repository's root with any recent PyTorch: python tests/reference/optimiser.py
The weights of two tensors stand one after the other, as in our flat buffer.
"""

import json
import pathlib

import torch

torch.manual_seed(7)
runs = []
for learning_rate, clip, weight_decay in [(2e-3, 1.0, 0.0), (1e-2, 0.5, 0.1), (0.1, 1e6, 0.0)]:
    weights = [torch.randn(3, 2), torch.randn(5)]
    start = torch.cat([tensor.flatten() for tensor in weights]).tolist()
    parameters = [torch.nn.Parameter(tensor) for tensor in weights]
    optimiser = torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=weight_decay)
    steps = []
    for step in range(6):
        # Gradients on both sides of the clipping norm.
        for parameter in parameters:
            parameter.grad = torch.randn_like(parameter) * 10.0 ** (step % 3 - 1)
        gradient = torch.cat([parameter.grad.flatten() for parameter in parameters]).tolist()
        norm = torch.nn.utils.clip_grad_norm_(parameters, clip).item()
        optimiser.step()
        after = torch.cat([parameter.detach().flatten() for parameter in parameters]).tolist()
        steps.append({"gradient": gradient, "norm": norm, "after": after})
    runs.append(
        {"learning_rate": learning_rate, "clip": clip, "weight_decay": weight_decay, "start": start, "steps": steps}
    )

pathlib.Path("tests/fixtures/optimiser.json").write_text(json.dumps(runs, indent=1) + "\n")
