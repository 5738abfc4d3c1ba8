"""Lets Hypertower read the arrays that NumPy writes, in every form, and NumPy the weights that Hypertower writes.

The same numbers, whatever their element type, byte order, order of axes or container, must give the same weights, bit for
bit.
"""

import os
import tempfile
import zipfile

import numpy as np
from safetensors.numpy import load_file, save_file

from command import hypertower

TYPES = ["i1", "i2", "<i4", ">i4", "i8", ">u2", "u4", "u8", "f2", ">f4", "<f8", ">f8"]


def trained(folder, *arguments):
    """The weights of some steps on data."""
    path = f"{folder}/weights"
    hypertower(
        "train", "--device", "cpu", "--hidden", "6", "--steps", "5", "--batch-size", "20", "--quiet",
        "--scale", "1", "--save", path, *arguments)
    weights = load_file(path)
    os.remove(path)
    return weights


def write_npz(path, arrays, compression, is_large):
    """An NPZ file whose members have the fields of ZIP for large files, or not."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=is_large) as member:
                np.lib.format.write_array(member, array)


def main():
    random = np.random.default_rng(4)
    x = random.integers(0, 100, (60, 3, 4)).astype(np.float32)
    y = (x.sum((1, 2)) > np.median(x.sum((1, 2)))).astype(np.int64)
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/y.npy", y)

        def check(what, *arguments):
            nonlocal count
            found = trained(folder, *arguments)
            assert found.keys() == wanted.keys(), f"{what}: {sorted(found)}"
            for name, values in wanted.items():
                assert np.array_equal(found[name], values), f"{what}: {name} differs"
            count += 1

        path = f"{folder}/x.npy"
        np.save(path, x)
        wanted = trained(folder, "--data", path, "--target", f"{folder}/y.npy")
        assert wanted["w1"].shape == (6, 12) and wanted["w2"].shape == (2, 6)
        for type_name in TYPES:
            for order in "CF":
                np.save(path, np.array(x, dtype=type_name, order=order))
                check(f"{type_name} {order}", "--data", path, "--target", f"{folder}/y.npy")
        for type_name in ["u1", ">i8", "f4"]:
            np.save(f"{folder}/labels.npy", y.astype(type_name)[:, np.newaxis])
            check(f"labels {type_name}", "--data", path, "--target", f"{folder}/labels.npy")
        for version in [(1, 0), (2, 0), (3, 0)]:
            with open(path, "wb") as file:
                np.lib.format.write_array(file, x, version=version)
            check(f"version {version}", "--data", path, "--target", f"{folder}/y.npy")
        path = f"{folder}/xy.npz"
        np.savez(path, x=x, y=y)
        check("savez", "--data", path)
        np.savez_compressed(path, x_train=x, y_train=y)
        check("savez_compressed", "--data", path)
        for compression in [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]:
            for is_large in [False, True]:
                write_npz(path, {"x": x, "y": y}, compression, is_large)
                check(f"zip {compression} {is_large}", "--data", path)
        save_file({"x": x, "y": y}, f"{folder}/xy.safetensors")
        check("safetensors", "--data", f"{folder}/xy.safetensors")
    print(f"NumPy: {count} forms of one data set give the same weights")


main()
