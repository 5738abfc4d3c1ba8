#!/bin/bash
# Finding: in onnxruntime 1.32.0 on x86-64, the Tanh of float32 exceeds 1, reaching 1.0000002 (1 + 2⁻²²), and Sigmoid is
# exactly 0 from −18 downwards, where the true value, 1.5e-8, is far from the smallest float. So the logarithm of a
# sigmoid is −∞, and atanh of a tanh is NaN, for inputs of ordinary size.
#
# Seen with onnxruntime 1.32.0 (CPU, x86-64 with FMA), onnx 1.23.2 and NumPy 2.4.6.
#
# Hypertower's agreement tests of elementwise operations compare its tanh and its sigmoid with float64.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
"$folder/venv/bin/python" - <<'END'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper


def run(operation, x):
    graph = helper.make_graph(
        [helper.make_node(operation, ["x"], ["y"])], "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, x.shape)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


x = np.linspace(0, 12, 100_001, dtype=np.float32)
y = run("Tanh", x)
print(f"Tanh: {np.count_nonzero(y > 1)} of {y.size} values exceed 1, the greatest is {y.max()!r}")
assert y.max() > 1, "Tanh stays within 1 now"
assert np.tanh(x).max() == 1

x = np.array([-17, -18, -20, -30], np.float32)
y, exact = run("Sigmoid", x), 1 / (1 + np.exp(-x.astype(np.float64)))
for place, value, truth in zip(x, y, exact):
    print(f"Sigmoid({place}): {value:.4g}, exactly {truth:.4g}")
assert (y[1:] == 0).all(), "Sigmoid has changed"
assert (exact.astype(np.float32) > 0).all()
END
