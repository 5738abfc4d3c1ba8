"""Compares a command's safetensors files with the reference library's: COMMAND FOLDER CHANGES.

CHANGES is how many files are read in which one byte of the header is another.
"""

import json
import random
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import safetensors
from safetensors.numpy import load_file, save_file

command, folder, changes = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
network = ["--device", "cpu", "--data", str(folder)]


def fail(message):
    print(message)
    sys.exit(1)


def run(*arguments):
    return subprocess.run([command, *map(str, arguments)], capture_output=True, text=True)


def run_well(*arguments):
    result = run(*arguments)
    if result.returncode != 0:
        fail(f"{' '.join(map(str, arguments))}: status {result.returncode}\n{result.stderr}")
    return result.stdout


def evaluate(file):
    """What the network does on the test set, in full precision."""
    return run_well("evaluate", *network, "--json", "--weights", file)


def pass_through(file, name):
    """The weights in `file` after our command has read and written them: a step of size 0."""
    copy = folder / name
    run_well("train", *network, "--hidden", 8, "--batch-size", 10, "--steps", 1, "--quiet",
             "--optimizer", "sgd(0)", "--init", file, "--save", copy)
    return parse(copy)[0]


def write_data():
    """50 and 20 images of 3 × 3 pixels in 4 classes, as IDX files."""
    for part, count in ("train", 50), ("t10k", 20):
        labels = np.arange(count) % 4
        pixels = np.arange(9 * count).reshape(count, 9)
        pixels = (200 * (pixels % 4 == labels[:, None]) + pixels % 50).astype(np.uint8)
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(
            struct.pack(">II", 0x801, count) + labels.astype(np.uint8).tobytes())
        (folder / f"{part}-images-idx3-ubyte").write_bytes(
            struct.pack(">IIII", 0x803, count, 3, 3) + pixels.tobytes())


def parse(file):
    """Tensors as {name: (element type, shape, bytes)}, and metadata: a reader of few lines."""
    bytes_ = Path(file).read_bytes()
    (length,) = struct.unpack("<Q", bytes_[:8])
    header, data = json.loads(bytes_[8 : 8 + length]), bytes_[8 + length :]
    metadata = header.pop("__metadata__", None)
    return {
        name: (t["dtype"], t["shape"], data[slice(*t["data_offsets"])]) for name, t in header.items()
    }, metadata


def library_reads(file):
    """The same as the library has it, read in both of its ways."""
    tensors = {
        name: (t["dtype"], list(t["shape"]), bytes(t["data"]))
        for name, t in safetensors.deserialize(Path(file).read_bytes())
    }
    with safetensors.safe_open(file, framework="np") as opened:
        metadata = opened.metadata()
    for name, array in load_file(file).items():
        if (list(array.shape), array.tobytes()) != tensors[name][1:]:
            fail(f"{file}: the library's two readers differ in {name}")
    return tensors, metadata


def library_writes(file, tensors, element_type):
    """Writes arrays of bit patterns as `element_type`, such as bfloat16, which numpy does not know."""
    tensors = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    safetensors.serialize_file(
        {
            name: safetensors.TensorSpec(
                dtype=element_type, shape=list(array.shape), data_ptr=array.ctypes.data,
                data_len=array.nbytes)
            for name, array in tensors.items()
        },
        file)


# MARK: Whole files

def check_our_files():
    """Files of ours, read by the library, written by it, and read by ours."""
    files = []
    for device in "cpu", "cpu64":
        for tower in "sgd(0.1)", "adam() / sgd_per_parameter(0.001) / adam()":
            name = f"{device}-{len(files)}"
            run_well("train", "--device", device, "--data", folder, "--hidden", 8, "--batch-size", 10,
                     "--steps", 7, "--checkpoint-every", 3, "--quiet", "--optimizer", tower,
                     "--checkpoint", folder / name, "--save", folder / f"{name}.safetensors")
            files += [folder / f"{name}.safetensors", *sorted((folder / name).iterdir())]
    for file in files:
        ours = parse(file)
        if not ours[0] or library_reads(file) != ours:
            fail(f"{file}: the library reads other tensors or notes than are in the file")
        again = folder / "again.safetensors"
        save_file(load_file(file), again, metadata=ours[1])
        if parse(again) != ours:
            fail(f"{file}: others after the library wrote them")
        if evaluate(again) != evaluate(file):
            fail(f"{file}: other results after the library wrote it")
        # The CPU takes its weights as float32.
        expected = {
            name: ("F32", shape, np.frombuffer(data, {"F32": "f4", "F64": "f8"}[type_])
                   .astype("f4").tobytes())
            for name, (type_, shape, data) in ours[0].items() if not name.startswith("training.")
        }
        if pass_through(again, "back.safetensors") != expected:
            fail(f"{file}: not the same bits after library and command")
    return len(files)


def check_element_types():
    """Files of the library's in each element type."""
    numbers = np.random.default_rng(1)
    shapes = {"w1": (8, 9), "b1": (8,), "w2": (4, 8), "b2": (4,)}
    file = folder / "types.safetensors"

    # Values that all four types hold: 8 bits, no more.
    plain = {name: numbers.integers(-127, 128, shape) / 64 for name, shape in shapes.items()}
    results = set()
    for type_ in "float64", "float32", "float16", "bfloat16":
        if type_ == "bfloat16":
            arrays = {n: (a.astype("f4").view("u4") >> 16).astype("u2") for n, a in plain.items()}
        else:
            arrays = {n: a.astype(type_) for n, a in plain.items()}
        library_writes(file, arrays, type_)
        results.add(evaluate(file))
    if len(results) != 1:
        fail(f"the same values in four element types give {len(results)} results:\n{''.join(results)}")

    # Values of each type's own, small ones and those below the normal range among them.
    wide = {n: numbers.uniform(-1, 1, s) * 2.0 ** -numbers.integers(0, 160, s) for n, s in shapes.items()}
    half = {n: (a * 2.0**20).clip(-2, 2).astype("f2") for n, a in wide.items()}
    brain = {n: (a.astype("f4").view("u4") >> 16).astype("u2") for n, a in wide.items()}
    for type_, arrays, expected in (
        ("float64", wide, wide),
        ("float32", {n: a.astype("f4") for n, a in wide.items()}, wide),
        ("float16", half, half),
        ("bfloat16", brain, {n: (a.astype("u4") << 16).view("f4") for n, a in brain.items()}),
    ):
        library_writes(file, arrays, type_)
        read = {name: data for name, (_, _, data) in pass_through(file, "read.safetensors").items()}
        # A step of size 0 may turn -0 into 0.
        for name, array in expected.items():
            if ((np.frombuffer(read[name], "f4") + np.float32(0)).tobytes()
                    != (array.astype("f4").ravel() + np.float32(0)).tobytes()):
                fail(f"{type_}: {name} is read as other numbers")
    return 4


# MARK: Damaged files

def malformed_files(header, data):
    """Files by what is wrong with them; some the library takes.

    They say that they are checkpoints, which may have other tensors besides the weights.
    """
    plain = json.dumps(header)
    text = json.dumps(header | {"__metadata__": {"hypertower_checkpoint": "1"}})
    size = len(data)

    def file(header, data=data, length=None):
        if isinstance(header, (dict, list)):
            header = json.dumps(header)
        if isinstance(header, str):
            header = header.encode()
        return struct.pack("<Q", len(header) if length is None else length) + header + data

    def w1(**changes):
        """With other fields of w1; None leaves one out."""
        fields = {k: v for k, v in (header["w1"] | changes).items() if v is not None}
        return file(header | {"w1": fields, "__metadata__": {"hypertower_checkpoint": "1"}})

    def w1_text(old, new):
        assert old in text
        return file(text.replace(old, new, 1))

    def more(more_text, more_data=b""):
        """With another member, whose text may be anything."""
        return file(text[:-1] + ", " + more_text + "}", data + more_data)

    def tensor(name, begin, end, shape="[1]", type_="F32"):
        return f'"{name}": {{"dtype": "{type_}", "shape": {shape}, "data_offsets": [{begin}, {end}]}}'

    def bytes_more(name):
        """With a tensor whose name is of any bytes."""
        return more(tensor("training.?", size, size + 4), four).replace(b"?", name)

    def metadata(value):
        return file(plain[:-1] + f', "__metadata__": {value}}}')

    def nested(depth):
        return "[" * depth + "]" * depth

    length, begin = len(text), header["w1"]["data_offsets"]
    four = bytes(4)
    return {
        "nothing": b"",
        "seven bytes": file(text)[:7],
        "a length alone": file(text)[:8],
        "length 0": file("", b""),
        "length one too small": file(text, length=length - 1),
        "length one too large": file(text, length=length + 1),
        "length beyond the end": file(text, length=length + size + 1),
        "length of a tenth of a gigabyte": file(text, length=100_000_001),
        "length 2^63": file(text, length=2**63),
        "length 2^64 - 1": file(text, length=2**64 - 1),
        "length big-endian": struct.pack(">Q", length) + text.encode() + data,
        "header cut": file(text[: length // 2], b""),
        "data cut by a byte": file(text, data[:-1]),
        "no data": file(text, b""),
        "a byte behind": file(text, data + b"\0"),
        "four bytes behind": file(text, data + four),
        "not JSON": file("weights" * 20),
        "an array": file([header]),
        "a string": file('"w1"'),
        "null": file("null"),
        "no tensors": file("{}", b""),
        "a comma at the end": file(text[:-1] + ",}"),
        "single quotation marks": file(text.replace('"', "'")),
        "a comment": file(text[:-1] + "/* */}"),
        "text behind": file(text + "x"),
        "zeros behind the header": file(text + "\0\0"),
        "spaces behind the header": file(text + "   "),
        "new lines behind the header": file(text + "\n\t\r"),
        "a form feed behind the header": file(text + "\f"),
        "a space before the header": file(" " + text),
        "a byte order mark": file("\ufeff" + text),
        "UTF-16": file(text.encode("utf-16-le")),
        "a tensor twice": more(tensor("w1", *begin, "[8, 9]")),
        "a tensor twice, once by escapes": more(tensor("\\u0077\\u0031", *begin, "[8, 9]")),
        "a field twice": w1_text('"dtype": "F32"', '"dtype": "F32", "dtype": "F32"'),
        "another field": w1_text('"dtype": "F32"', '"dtype": "F32", "other": [1]'),
        **{
            f"another field, nested {depth} deep": w1_text(
                '"dtype": "F32"', f'"dtype": "F32", "other": {nested(depth)}')
            for depth in (60, 120, 124, 125, 126, 127, 128, 200, 20000)
        },
        "a member nested 200 deep": more(f'"training.x": {nested}'),
        "overlap": more(tensor("training.x", size - 4, size)),
        "overlap by a byte": more(tensor("training.x", size - 1, size + 3), bytes(3)),
        "the same place": more(tensor("training.x", 0, size, f"[{size // 4}]")),
        "a gap": more(tensor("training.x", size + 4, size + 8), bytes(8)),
        "a gap at the start": file(
            {n: t | {"data_offsets": [o + 4 for o in t["data_offsets"]]} for n, t in header.items()},
            four + data),
        "offsets beyond the end": more(tensor("training.x", size, size + 4)),
        "offsets far beyond the end": w1(data_offsets=[2**40, 2**40 + begin[1]]),
        "offsets in reverse": w1(data_offsets=begin[::-1]),
        "offset 2^63": w1(data_offsets=[2**63, 2**63 + begin[1]]),
        "offset 2^64": w1(data_offsets=[2**64, 2**64 + begin[1]]),
        "a negative offset": w1(data_offsets=[-4, begin[1] - 4]),
        "a minus sign before an offset of 0": w1_text('"data_offsets": [0,', '"data_offsets": [-0,'),
        "a fractional offset": w1(data_offsets=[0.5, begin[1] + 0.5]),
        "an offset with a fraction of 0": w1(data_offsets=[0.0, begin[1]]),
        "an offset with an exponent": w1_text('"data_offsets": [0,', '"data_offsets": [0e0,'),
        "an offset with a leading 0": w1_text('"data_offsets": [0,', '"data_offsets": [00,'),
        "an offset with a plus sign": w1_text('"data_offsets": [0,', '"data_offsets": [+0,'),
        "an offset in quotes": w1(data_offsets=["0", begin[1]]),
        "one offset": w1(data_offsets=begin[1:]),
        "three offsets": w1(data_offsets=[*begin, begin[1]]),
        "no offsets": w1(data_offsets=[]),
        "offsets as an object": w1(data_offsets={"begin": 0, "end": begin[1]}),
        "shape too small": w1(shape=[8, 8]),
        "shape too large": w1(shape=[8, 10]),
        "shape empty": w1(shape=[]),
        "shape with a negative size": w1(shape=[-8, -9]),
        "shape with a fraction": w1(shape=[8.5, 9]),
        "shape with a fraction of 0": w1(shape=[8.0, 9]),
        "shape with an exponent": w1_text("[8, 9]", "[8e0, 9]"),
        "shape with a leading 0": w1_text("[8, 9]", "[08, 9]"),
        "shape with null": w1(shape=[8, None]),
        "shape as a string": w1(shape="8, 9"),
        "shape as a number": w1(shape=72),
        "shape whose product passes 2^64": w1(shape=[2**32, 2**32, 4]),
        "shape whose product comes round to the right one": w1(shape=[2**61 + 9, 8]),
        "shape whose bytes come round to the right number": w1(shape=[2**62 + 72]),
        "shape with 2^64": w1(shape=[2**64, 9]),
        "no elements, and a product that passes 2^64": more(
            tensor("training.x", size, size, f"[{2**63}, 4, 0]")),
        "no elements, and a product of 2^63": more(tensor("training.x", size, size, f"[{2**62}, 2, 0]")),
        "a minus sign before a size of 0": more(tensor("training.x", size, size, "[-0]")),
        "a tensor without elements": more(tensor("training.x", size, size, "[3, 0]")),
        "a tensor without elements amid another": more(tensor("training.x", 8, 8, "[0]")),
        "a number without a shape": more(tensor("training.x", size, size + 4, "[]"), four),
        "an odd number of bytes before": file(
            {"__metadata__": {"hypertower_checkpoint": "1"},
             "training.x": {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]}}
            | {n: t | {"data_offsets": [o + 2 for o in t["data_offsets"]]} for n, t in header.items()},
            b"\0\0" + data),
        "integers beside": more(tensor("training.x", size, size + 4, "[4]", "I8"), four),
        "unknown dtype": w1(dtype="F33"),
        "dtype in small letters": w1(dtype="f32"),
        "dtype empty": w1(dtype=""),
        "dtype as a number": w1(dtype=32),
        "dtype of another size": w1(dtype="F16"),
        "no dtype": w1(dtype=None),
        "no shape": w1(shape=None),
        "no data_offsets": w1(data_offsets=None),
        "a tensor without fields": more('"training.x": {}'),
        "a tensor that is null": more('"training.x": null'),
        "a tensor that is a number": more('"training.x": 1'),
        "a tensor that is a string": more('"training.x": "F32"'),
        "a tensor that is an array": more(f'"training.x": ["F32", [1], [{size}, {size + 4}]]', four),
        "metadata": metadata('{"a": "b"}'),
        "metadata empty": metadata('{}'),
        "metadata with a number": metadata('{"a": 1}'),
        "metadata with null": metadata('{"a": null}'),
        "metadata with an object": metadata('{"a": {"b": "c"}}'),
        "metadata that is null": metadata('null'),
        "metadata that is an array": metadata('["a"]'),
        "metadata that is a string": metadata('"a"'),
        "metadata twice": metadata('{"a": "b"}, "__metadata__": {"a": "b"}'),
        "metadata with a name twice": metadata('{"a": "b", "a": "b"}'),
        "metadata that is a tensor": file(
            plain[:-1] + ", " + tensor("__metadata__", size, size + 4) + "}", data + four),
        "invalid UTF-8 in a name": bytes_more(b"\xff"),
        "overlong UTF-8 in a name": bytes_more(b"\xc0\xaf"),
        "half of a surrogate pair in UTF-8": bytes_more(b"\xed\xa0\x80"),
        "invalid UTF-8 in metadata": metadata('{"a": "?"}').replace(b"?", b"\xff"),
        "half of a surrogate pair": more(tensor("training.\\ud800", size, size + 4), four),
        "an unknown escape": more(tensor("training.\\x41", size, size + 4), four),
        "an escape cut short": more(tensor("training.\\u12", size, size + 4), four),
        "a control character in a name": more(tensor("training.a\nb", size, size + 4), four),
        "an escaped 0 in a name": more(tensor("training.\\u0000", size, size + 4), four),
        "a surrogate pair in a name": more(tensor("training.\\ud83d\\ude00", size, size + 4), four),
        "names that differ only in how é is put together": more(
            tensor("training.\u00e9", size, size + 4)
            + ", "
            + tensor("training.e\u0301", size + 4, size + 8),
            bytes(8),
        ),
    }


def library_refuses(contents):
    try:
        safetensors.deserialize(contents)
    except (safetensors.SafetensorError, OverflowError):
        return True
    return False


def check_malformed():
    weights = folder / "cpu-0.safetensors"
    expected = evaluate(weights)
    contents = weights.read_bytes()
    (length,) = struct.unpack("<Q", contents[:8])
    header = json.loads(contents[8 : 8 + length])
    listed = malformed_files(header, contents[8 + length :])

    # Besides those of the list, files cut anywhere and with any byte of the header replaced.
    chance = random.Random(1)
    random_files = {}
    for cut in range(0, len(contents), 23):
        random_files[f"cut after {cut} bytes"] = contents[:cut]
    for _ in range(changes):
        place, byte = chance.randrange(8 + length), chance.choice(b'{}[]",:0189-.eF\\ \0\xff')
        random_files[f"byte {place} is {byte}"] = contents[:place] + bytes([byte]) + contents[place + 1 :]

    file = folder / "malformed.safetensors"
    wrong, refused, stricter, both = [], [], [], []
    for name, contents in (listed | random_files).items():
        file.write_bytes(contents)
        is_refused = library_refuses(contents)
        result = run("evaluate", *network, "--json", "--weights", file)
        if result.returncode not in (0, 65):
            wrong.append(f"{name}: status {result.returncode}: {result.stderr}")
        elif result.returncode == 65 and not result.stderr.startswith(f"Error: {file}: "):
            wrong.append(f"{name}: the error does not name the file: {result.stderr}")
        elif is_refused and result.returncode == 0:
            wrong.append(f"{name}: the library refuses it, ours does not")
        elif name in listed and result.returncode == 0 and result.stdout != expected:
            wrong.append(f"{name}: other results: {result.stdout}")
        elif is_refused:
            refused.append(name)
        elif name in listed:
            (stricter if result.returncode else both).append(name)
    if wrong:
        fail("\n".join(wrong))
    # Nothing is learned from a list that is refused for another reason than it says.
    if not both or library_refuses(weights.read_bytes()) or len(refused) < 50:
        fail(f"the list is not what it should be: only {both} are read")
    return len(listed), len(random_files), len(refused), stricter, both


write_data()
ours = check_our_files()
types = check_element_types()
listed, others, refused, stricter, both = check_malformed()
print(f"safetensors {safetensors.__version__}: {ours} files of ours read, written and read back, and "
      f"{types} element types of the library's, all bit for bit; of {listed} odd and {others} damaged files "
      f"the library refuses {refused}, and so does the command; of the odd ones {len(both)} are read by "
      f"both, and {len(stricter)} by the library alone: {'; '.join(stricter)}")
