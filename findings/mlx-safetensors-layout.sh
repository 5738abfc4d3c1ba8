#!/bin/bash
# Finding: MLX 0.32.0 writes safetensors files that differ from those of the format's own library in four ways: the
# metadata are null rather than absent, the header is not padded to a multiple of 8 bytes, the tensors lie in no
# order of name or type, and so floats may begin at an odd byte. The format's library, safetensors 0.8.0, reads all of
# that. In the other direction, MLX refuses a file that holds float64, one of the format's basic types.
#
# Seen with mlx 0.32.0 (CPU), safetensors 0.8.0 and NumPy 2.4.6.
#
# Hypertower reads such files: its tests of safetensors hold one with null metadata, no padding, and floats at odd
# bytes. It writes weights in float32, padded and aligned, which MLX reads.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "mlx[cpu]==0.32.0" safetensors==0.8.0 numpy==2.4.6
"$folder/venv/bin/python" - "$folder/weights.safetensors" <<'END'
import json
import struct
import sys
import mlx.core as mx
import numpy as np
from safetensors.numpy import load_file, save_file

path = sys.argv[1]
w = np.arange(6, dtype=np.float32).reshape(2, 3)
tensors = {"w1": w, "b1": np.ones(2, np.float32), "mask": np.ones(1, np.uint8), "w2": w, "w10": w}
mx.save_safetensors(path, {name: mx.array(value) for name, value in tensors.items()})
with open(path, "rb") as file:
    size = struct.unpack("<Q", file.read(8))[0]
    header = json.loads(file.read(size))
begins = {name: place["data_offsets"][0] for name, place in header.items() if place}
order = sorted(begins, key=begins.get)
print("metadata:", header.get("__metadata__", "absent"))
print("size of the header:", size, "bytes")
print("order of the tensors:", order)
print("floats begin at bytes", [8 + size + begins[name] for name in order if name != "mask"])
assert "__metadata__" in header and header["__metadata__"] is None, "the metadata are not null now"
assert size % 8 != 0, "the header is padded now"
assert order != sorted(order) and order != list(tensors), "the order is one of name or insertion now"
assert any((8 + size + begins[name]) % 4 for name in order if name != "mask"), "aligned now"
read = load_file(path)
assert all(np.array_equal(read[name], value) for name, value in tensors.items())
print("safetensors reads it with all values")

save_file({"w": w.astype(np.float64)}, path)
try:
    mx.load(path)
    sys.exit("MLX reads float64 now")
except RuntimeError as error:
    print("MLX on a file of float64:", error)
END
