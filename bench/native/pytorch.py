"""PyTorch on one CPU thread: nn.LSTM, a linear head, cross-entropy, global-norm clipping, Adam.

Reads one JSON object from standard input (tokens, symbols, layers, hidden, batch, context, repetitions, seconds) and
prints one: the tokens a second of each repetition.
"""

import json
import sys
import time

import torch
from torch import nn

wish = json.load(sys.stdin)
T, B, V = wish["context"], wish["batch"], wish["symbols"]
torch.set_num_threads(1)
torch.set_num_interop_threads(1)
torch.manual_seed(1)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(V, wish["hidden"], wish["layers"])
        self.head = nn.Linear(wish["hidden"], V)

    def forward(self, x, state):
        h, state = self.rnn(x, state)
        return self.head(h), state


streams = torch.tensor(wish["tokens"])
length = (len(streams) - 1) // B
starts = torch.arange(B) * length
chunks = length // T

# The inputs are made before the clock starts, as for every other peer.
rows = torch.arange(T)[:, None]
batches = []
for chunk in range(min(chunks, 8)):
    at = starts[None, :] + chunk * T + rows
    batches.append((nn.functional.one_hot(streams[at], V).float(), streams[at + 1].reshape(-1)))

model = Model()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
state = None
done = 0
loss = None


def step():
    global state, done, loss
    x, y = batches[done % len(batches)]
    logits, state = model(x, state)
    state = tuple(s.detach() for s in state)
    loss = nn.functional.cross_entropy(logits.reshape(-1, V), y)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    done += 1


# Warm up for as long as a repetition takes.
began = time.perf_counter()
while time.perf_counter() - began < wish["seconds"] or done < 3:
    step()

rates = []
for _ in range(wish["repetitions"]):
    before, began = done, time.perf_counter()
    while time.perf_counter() - began < wish["seconds"]:
        step()
    rates.append((done - before) * T * B / (time.perf_counter() - began))

print(
    json.dumps(
        {
            "rates": rates,
            "loss": loss.item(),
            "version": torch.__version__,
            "instructions": torch.backends.cpu.get_cpu_capability(),
        }
    )
)
