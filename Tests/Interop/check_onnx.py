"""Runs exported networks in onnxruntime and as Swift programs, and compares their outputs with Hypertower's.

Every model of the command is trained for some steps, exported, checked by onnx, and given samples in batches of
several sizes. Log-probabilities may differ by 1e-5. What Hypertower makes of a sample it prints as probabilities
(`predict`), or is computed here in float64 by a second definition of the model (`peer_models.py`).

Every module of the library, and functions of tensors, are exported and computed by the tests' suite
`ONNXInteropTests`.
"""

import os
import struct
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime

from command import hypertower, run_tests
from peer_models import log_probabilities, read_weights
from safetensors.numpy import load_file

TOLERANCE = 1e-5
TEXT = "The quick brown fox jumps over the lazy dog; it was naïve, wasn't it?\n" * 60
IMAGES = [
    ["--hidden", "20,13"], ["--model", "cnn", "--channels", "3,5", "--kernel", "3"],
    ["--model", "resnet20"]]
TEXTS = ["lstm", "gru", "gpt"]
SWIFT_RUNNER = """
while let line = readLine() {
  print(Network.FUNCTION(line.split(separator: " ").map { ELEMENT($0)! })
    .map { "\\($0)" }.joined(separator: " "))
}
"""


def write_images(folder, channels):
    """A small data set of random images, whose labels follow from their brightness."""
    random = np.random.default_rng(1)
    for name, count in [("train", 60), ("t10k", 20)]:
        shape = (count, 16, 14) if channels == 1 else (count, channels, 16, 14)
        pixels = random.integers(0, 256, shape, dtype=np.uint8)
        labels = random.integers(0, 7, count, dtype=np.uint8)
        header = struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)
        with open(f"{folder}/{name}-images-idx{len(shape)}-ubyte", "wb") as file:
            file.write(header + pixels.tobytes())
        with open(f"{folder}/{name}-labels-idx1-ubyte", "wb") as file:
            file.write(struct.pack(">HBBI", 0, 8, 1, count) + labels.tobytes())
    return pixels.astype(np.float32) / np.float32(255)


def swift_outputs(source, inputs, is_of_tokens=False, function="logProbabilities"):
    """What the Swift program makes of samples, compiled without anything else."""
    folder = os.path.dirname(source)
    main = os.path.join(folder, "main.swift")
    with open(main, "w") as file:
        runner = SWIFT_RUNNER.replace("ELEMENT", "Int" if is_of_tokens else "Float")
        file.write(runner.replace("FUNCTION", function))
    program = os.path.join(folder, "program")
    subprocess.run(["swiftc", "-O", "-o", program, source, main], check=True)
    lines = "\n".join(" ".join(str(value) for value in sample.reshape(-1)) for sample in inputs)
    run = subprocess.run([program], input=lines, capture_output=True, text=True, check=True)
    return np.array([[float(value) for value in line.split()] for line in run.stdout.splitlines()])


def check(name, weights, inputs, folder):
    """Compares all outputs for these samples."""
    exported, source = f"{folder}/{name}.onnx", f"{folder}/network.swift"
    hypertower("export", "--weights", weights, "--onnx", exported, "--swift", source)
    model = onnx.load(exported)
    onnx.checker.check_model(model, full_check=True)
    assert model.ir_version == 8 and model.opset_import[0].version == 17
    assert len(model.graph.input) == 1
    assert [node.op_type for node in model.graph.node][-2:] == ["LogSoftmax", "Identity"]
    session = onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])
    assert {array.name for array in model.graph.initializer} >= set(read_weights(weights)[0]), name
    if inputs.dtype == np.int64:
        notes = session.get_modelmeta().custom_metadata_map
        assert notes == {"vocabulary": "".join(sorted(set(TEXT)))}, notes
    wanted = log_probabilities(read_weights(weights), inputs)
    if inputs.dtype == np.float32:
        printed = hypertower_probabilities(weights, inputs, folder)
        difference = np.abs(np.exp(wanted) - printed).max()
        assert difference <= TOLERANCE, f"{name}: predict differs from the peer by {difference}"
    worst = 0
    for size in [1, 3, len(inputs)]:
        (outputs,) = session.run(None, {"input": inputs[:size]})
        assert outputs.shape == wanted[:size].shape, f"{name}: {outputs.shape}"
        worst = max(worst, np.abs(outputs - wanted[:size]).max())
    assert worst <= TOLERANCE, f"{name}: onnxruntime differs by {worst}"
    outputs = swift_outputs(source, inputs[:4], inputs.dtype != np.float32)
    swift_worst = np.abs(outputs.reshape(wanted[:4].shape) - wanted[:4]).max()
    assert swift_worst <= TOLERANCE, f"{name}: Swift differs by {swift_worst}"
    print(f"{name}: onnxruntime differs by {worst:.1e}, Swift by {swift_worst:.1e}")


def check_values(folder):
    """Compares what networks of a table predict: a number, whose features and units are computed here."""
    random = np.random.default_rng(2)
    numbers = random.normal([3, -20], [2, 50], (90, 2)).round(4)
    places = random.choice(["north", "south", "west"], 90)
    prices = (numbers @ [40, 1] + 100 * (places == "west") + 1000).round(3)
    with open(f"{folder}/table.csv", "w") as file:
        file.write("area,offset,place,price\n")
        for row, place, price in zip(numbers, places, prices):
            file.write(f"{row[0]},{row[1]},{place},{price}\n")
    hypertower(
        "train", "--data", f"{folder}/table.csv", "--target", "price", "--hidden", "9,5", "--epochs",
        "20", "--quiet", "--save", f"{folder}/weights")
    exported, source = f"{folder}/values.onnx", f"{folder}/network.swift"
    hypertower(
        "export", "--weights", f"{folder}/weights", "--onnx", exported, "--swift", source)
    features = np.concatenate(
        [(numbers - numbers.mean(0)) / numbers.std(0),
         places[:, np.newaxis] == ["north", "south", "west"]], axis=1).astype(np.float32)
    lines = hypertower("predict", "--weights", f"{folder}/weights", f"{folder}/table.csv").splitlines()
    assert lines[0] == "price", lines[0]
    wanted = (np.array([float(line) for line in lines[1:]]) - prices.mean()) / prices.std()
    onnx.checker.check_model(onnx.load(exported), full_check=True)
    session = onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])
    assert session.get_outputs()[0].name == "values"
    worst = 0
    for size in [1, 7, len(features)]:
        (outputs,) = session.run(None, {"input": features[:size]})
        assert outputs.shape == (size, 1), outputs.shape
        worst = max(worst, np.abs(outputs[:, 0] - wanted[:size]).max())
    assert worst <= TOLERANCE, f"values: onnxruntime differs by {worst}"
    outputs = swift_outputs(source, features[:9], function="values")
    assert outputs.shape == (9, 1), outputs.shape
    swift_worst = np.abs(outputs[:, 0] - wanted[:9]).max()
    assert swift_worst <= TOLERANCE, f"values: Swift differs by {swift_worst}"
    print(f"values of a table: onnxruntime differs by {worst:.1e}, Swift by {swift_worst:.1e}")


def check_modules(folder):
    """Compares outputs for five samples, and for the first alone, with the library's."""
    run_tests("ONNXInteropTests", HYPERTOWER_ONNX=folder)
    names = sorted(name[:-5] for name in os.listdir(folder) if name.endswith(".onnx"))
    assert len(names) > 50, names
    worst = 0
    for name in names:
        model = onnx.load(f"{folder}/{name}.onnx")
        onnx.checker.check_model(model, full_check=True)
        values = load_file(f"{folder}/{name}.safetensors")
        session = onnxruntime.InferenceSession(
            f"{folder}/{name}.onnx", providers=["CPUExecutionProvider"])
        (given,) = session.get_inputs()
        inputs = values["input"].astype(np.int64 if given.type == "tensor(int64)" else np.float32)
        for wanted, count in [("output", 5), ("first", 1)]:
            (outputs,) = session.run(None, {"input": inputs[:count]})
            assert outputs.shape == values[wanted].shape, f"{name}: {outputs.shape}"
            difference = np.abs(outputs - values[wanted]).max()
            assert difference <= TOLERANCE, f"{name}: differs by {difference}"
            worst = max(worst, difference)
    print(f"modules: {len(names)} models agree in batches of 1 and 5, to {worst:.1e}")


def hypertower_probabilities(weights, inputs, folder):
    """What `predict` prints for samples."""
    path = f"{folder}/samples.csv"
    with open(path, "w") as file:
        for sample in inputs:
            file.write(",".join(repr(float(value)) for value in sample.reshape(-1)) + "\n")
    lines = hypertower("predict", "--weights", weights, path).splitlines()
    return np.array([[float(cell) for cell in line.split(",")[1:]] for line in lines])


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/modules")
        check_modules(f"{folder}/modules")
        for arguments in IMAGES:
            for channels in [1, 3]:
                name = arguments[1] if "--model" in arguments else "dense"
                data = f"{folder}/{name}{channels}"
                os.mkdir(data)
                inputs = write_images(data, channels)
                if name == "dense":
                    inputs = inputs.reshape(len(inputs), -1)
                elif channels == 1:
                    inputs = inputs[:, np.newaxis]
                hypertower(
                    "train", "--data", data, *arguments, "--steps", "12", "--batch-size", "20",
                    "--quiet", "--save", f"{data}/weights")
                check(f"{name}, {channels} channels", f"{data}/weights", inputs, data)
        os.mkdir(f"{folder}/values")
        check_values(f"{folder}/values")
        text = f"{folder}/text"
        with open(text, "w") as file:
            file.write(TEXT)
        vocabulary = sorted(set(TEXT))
        for model in TEXTS:
            data = f"{folder}/{model}"
            os.mkdir(data)
            sizes = ["--width", "24", "--layers", "2", "--length", "11"]
            sizes += ["--heads", "3"] if model == "gpt" else ["--embedding", "10"]
            hypertower(
                "train", "--model", model, "--text", text, *sizes, "--steps", "12", "--batch-size",
                "10", "--quiet", "--save", f"{data}/weights")
            tokens = np.array([vocabulary.index(character) for character in TEXT[:88]])
            check(model, f"{data}/weights", tokens.reshape(8, 11).astype(np.int64), data)
    print("ONNX and Swift: all models agree")


main()
