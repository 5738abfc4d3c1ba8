#!/bin/bash
# Finding: onnxruntime 1.32.0 ignores the byte order of a NumPy array. IDX files, the format of MNIST, are big-endian, and
# idx2numpy 1.2.3 hands out their floats as they lie in the file, with NumPy's type '>f4'. NumPy computes with them
# correctly. A model in onnxruntime gets 4.6e-41 instead of 1 and runs, without an error or a warning.
#
# Seen with onnxruntime 1.32.0 (CPU), onnx 1.23.2, idx2numpy 1.2.3 and NumPy 2.4.6, on a little-endian machine.
#
# Hypertower reads IDX files itself and turns every element into the machine's order; its tests read floats and 32-bit
# integers.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet \
  onnxruntime==1.32.0 onnx==1.23.2 idx2numpy==1.2.3 numpy==2.4.6
"$folder/venv/bin/python" - "$folder/floats-idx1" <<'END'
import struct
import sys
import idx2numpy
import numpy as np
import onnxruntime
from onnx import TensorProto, helper

# An IDX file of three floats: type 0x0D, one dimension, its size, and the elements.
with open(sys.argv[1], "wb") as file:
    file.write(struct.pack(">HBBI3f", 0, 0x0D, 1, 3, 1, 2, 3))
array = idx2numpy.convert_from_file(sys.argv[1])
graph = helper.make_graph(
    [helper.make_node("Identity", ["x"], ["y"])], "graph",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [3])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [3])])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
session = onnxruntime.InferenceSession(
    model.SerializeToString(), providers=["CPUExecutionProvider"])
found = session.run(None, {"x": array})[0]
native = session.run(None, {"x": array.astype("=f4")})[0]
print(f"idx2numpy: {array.tolist()}, of type {array.dtype.str}")
print(f"onnxruntime's Identity: {found.tolist()}, of a copy in native order: {native.tolist()}")
assert array.dtype.str == ">f4", "idx2numpy gives native floats now"
assert native.tolist() == [1, 2, 3]
assert np.array_equal(found, array.view("<f4")), "onnxruntime has changed"
END
