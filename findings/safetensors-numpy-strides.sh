#!/bin/bash
# safetensors 0.8.0, NumPy 2.3.5: safetensors.numpy.save_file writes the memory of an array in the order in
# which it lies there, whatever its strides say. A transposed matrix is saved with its new shape but with the
# elements in the old order, without an error or a warning: what is read back is another matrix.
# With numpy.ascontiguousarray it is right.
#
# What Hypertower does: its reader takes elements row after row, as the format says, so it reads what was
# written. Test data that NumPy writes goes through ascontiguousarray.
#
# Exits with 0 while that is so, and with 1 once it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.3.5 safetensors==0.8.0
"$folder/venv/bin/python" - "$folder/file" <<'PYTHON'
import sys
import numpy
import safetensors
from safetensors.numpy import load_file, save_file

path = sys.argv[1]
matrix = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)


def saved(array):
    save_file({"matrix": array}, path)
    return load_file(path)["matrix"]


strided, contiguous = saved(matrix.T), saved(numpy.ascontiguousarray(matrix.T))
print("safetensors", safetensors.__version__, "NumPy", numpy.__version__)
print("saved:", matrix.T.tolist())
print("read: ", strided.tolist(), "; with ascontiguousarray:", contiguous.tolist())
assert (contiguous == matrix.T).all(), "ascontiguousarray no longer helps"
if strided.shape != (3, 2) or strided.tolist() != [[0, 1], [2, 3], [4, 5]]:
    sys.exit("changed: strided arrays are no longer written in the order of their memory")
print("as described: the strides are ignored")
PYTHON
