"""What the scripts beside this one share: where fixtures are kept, and how tensors are written."""

import json
import pathlib
import struct

import numpy as np

FIXTURES = pathlib.Path(__file__).parent.parent / "fixtures"


def save(name, tensors):
    """The safetensors format: a length, a JSON header, the numbers. `tensors` maps names to arrays, written in f32."""
    arrays = {key: np.asarray(array).astype("<f4") for key, array in tensors.items()}
    header, offset = {}, 0
    for key, array in arrays.items():
        header[key] = {"dtype": "F32", "shape": array.shape, "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path = FIXTURES / name
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(a.tobytes() for a in arrays.values()))
    print(path.name, path.stat().st_size, "bytes,", len(arrays), "tensors")
