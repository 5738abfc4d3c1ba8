#!/bin/bash
# Finding: in tinygrad 0.14.0, relu of NaN is 0, and a maximum with NaN in it is NaN only if the NaN comes first. The code
# that it generates is a comparison (x > 0 ? x : 0), which is false for NaN. A network with relu whose weights have become
# NaN so gives ordinary outputs, and its loss stays finite.
#
# Seen with tinygrad 0.14.0 on its Python device; its OpenCL and CPU devices run the same comparison.
#
# Hypertower stops a run, with status 3, as soon as a loss, a hyperparameter or a weight is not finite.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tinygrad==0.14.0
DEV=PYTHON CACHEDB=$folder/tinygrad.db "$folder/venv/bin/python" - <<'END'
import math
from tinygrad import Tensor

nan = float("nan")
relu = Tensor([nan, -1.0, 1.0]).relu().tolist()
maxima = [Tensor(row).max().item() for row in ([nan, 1, 2], [1, nan, 2], [1, 2, nan])]
weights = Tensor([[nan, nan], [nan, nan]])
outputs = (Tensor([[1.0, 2.0]]) @ weights).relu().tolist()
print(f"relu of [nan, -1, 1]: {relu}")
print(f"maximum of 1, 2 and a NaN in place 0, 1, 2: {maxima}")
print(f"a layer with relu whose weights are all NaN: {outputs}")
assert relu == [0, 0, 1], "relu has changed"
assert math.isnan(maxima[0]) and maxima[1:] == [2, 2], "the maximum has changed"
assert outputs == [[0, 0]], "the layer has changed"
END
