#!/bin/bash
# onnxruntime 1.32.0 on a CPU: whether the maximum of numbers with a NaN among them is NaN depends on the
# NaN's place, and on the operator. MaxPool over [1, 1, 4] drops a NaN that comes first and keeps one that
# comes last; ReduceMax keeps the first and drops the last. So numbers that have gone wrong may become
# plausible ones. NumPy's maximum is NaN in all four cases.
#
# What Hypertower does: `evaluate` refuses weights and results that are not finite (status 3), so that an
# accuracy never comes from them.
#
# Exits with 0 while that is so, and with 1 once it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.3.5 onnx==1.20.0 \
  onnxruntime==1.32.0
"$folder/venv/bin/python" - <<'PYTHON'
import sys
import numpy
import onnxruntime
from onnx import TensorProto, helper


def run(operator, shape, values, **attributes):
    node = helper.make_node(operator, ["x"], ["y"], **attributes)
    graph = helper.make_graph(
        [node], "maximum", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)])
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"])
    x = numpy.array(values, dtype=numpy.float32).reshape(shape)
    return float(session.run(None, {"x": x})[0].reshape(-1)[0])


nan = float("nan")
results = {}
for name, values in [("first", [nan, 1, 2, 3]), ("last", [1, 2, 3, nan])]:
    results["MaxPool", name] = run("MaxPool", [1, 1, 4], values, kernel_shape=[4])
    results["ReduceMax", name] = run("ReduceMax", [4], values, axes=[0], keepdims=0)
print("onnxruntime", onnxruntime.__version__)
for (operator, place), value in results.items():
    print(f"{operator} of 1, 2, 3 and NaN, which comes {place}: {value}")
dropped = {key for key, value in results.items() if value == 3}
if dropped != {("MaxPool", "first"), ("ReduceMax", "last")}:
    sys.exit("changed: other NaN are dropped now")
print("as described: MaxPool drops the first, ReduceMax the last")
PYTHON
