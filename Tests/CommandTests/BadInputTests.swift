import FoundationEssentials
import Hypertower
import Testing

@Suite("Bad input to the command")
struct BadInputTests {
  /// A command line with the exit status and a part of the message that it must give.
  struct Fault: CustomTestStringConvertible {
    let arguments: String
    let status: Int32
    let message: String

    init(_ arguments: String, _ status: Int32, _ message: String) {
      (self.arguments, self.status, self.message) = (arguments, status, message)
    }

    var testDescription: String { arguments }
  }

  /// Arguments are separated by spaces, with `~` for a space inside one; `@` is a folder with a
  /// small data set in `@/data` and the files that `prepare` makes.
  static let faults = [
    // Usage
    Fault("nonsense", 64, "nonsense"),
    Fault("train --nonsense", 64, "--nonsense"),
    Fault("train --optimizer sgd(0.1)~/~adm()", 64, "tower, column 12: unknown optimizer 'adm'"),
    Fault("train --optimizer sgd(0.1)~/~adm()", 64, "\n             ^\n"),
    Fault("train --optimizer sgd(0.1~/~adam()", 64, "tower, column 9: expected ',' or ')'"),
    Fault("train --optimizer adam(speed=1)", 64, "adam: unknown argument 'speed'"),
    Fault("train --optimizer adam(beta1=1.5)", 64, "beta1 = 1.5 is out of range"),
    Fault("train --optimizer adam(eps=-1)", 64, "eps"),
    Fault("train --optimizer sgd(nan)", 64, "expected a finite number"),
    Fault(
      "train --device cpu --data @/data --batch-size 8 --optimizer sgd_per_parameter(w9_alpha=1)",
      64, "unknown argument 'w9_alpha'"),
    Fault("train --data @/data --device cpu --batch-size 0", 64, "--batch-size 0 is out of range"),
    Fault("train --data @/data --device cpu --batch-size 51", 64, "it must lie in 1...50"),
    Fault("train --batch-size=-5 --device cpu", 64, "--batch-size -5 is out of range"),
    Fault("train --batch-size many", 64, "many"),
    Fault("train --hidden 128,,64", 64, "'' is not a whole number in 1..."),
    Fault("train --hidden 0", 64, "'0' is not a whole number in 1..."),
    Fault("train --epochs 1 --steps 1", 64, "--epochs and --steps exclude each other"),
    Fault("train --epochs=-1", 64, "--epochs -1 is out of range"),
    Fault("train --steps=-1", 64, "--steps -1 is out of range"),
    Fault(
      "train --data @/data --device cpu --batch-size 8 --epochs 9223372036854775807", 64,
      "a run has at most"),
    Fault("train --seed=-1", 64, "-1"),
    Fault("train --device abacus", 64, "unknown device 'abacus'; devices are cpu, cpu64, gpu"),
    Fault("train --log @/same --save @/same", 64, "--log and --save name the same file"),
    Fault("evaluate", 64, "--weights"),
    Fault("bench --heights 0,x", 64, "'x' is not a whole number"),
    Fault("bench --floor --device cpu", 64, "--floor needs an OpenCL device"),
    Fault("bench --launches --device cpu", 64, "--launches needs an OpenCL device"),
    Fault("bench --floor --launches", 64, "exclude each other"),
    Fault("bench --towers sgd,momentum", 64, "--towers momentum: known are sgd and adam"),
    Fault("bench --batch-size 0 --device cpu", 64, "--batch-size 0 is out of range"),
    Fault("bench --activation cosine", 64, "'cosine' is not known; known are identity"),
    Fault("bench --loss hinge", 64, "'hinge' is not known; known are nll, mse"),
    Fault("experiment", 64, "name an experiment right after 'experiment': surface, table1"),
    Fault("experiment table3", 64, "unknown experiment 'table3'; did you mean 'table"),
    Fault("experiment nonsense --quick", 64, "unknown experiment 'nonsense'; there are surface"),
    Fault("experiment table1 --seeds 0", 64, "--seeds 0 is out of range"),
    Fault("experiment height --rounds 0", 64, "--rounds 0 is out of range"),
    Fault("experiment compare --out @/new", 64, "compare needs towers"),
    Fault(
      "experiment compare --out @/new --optimizer sgd() --optimizer sgd(0.01)", 64,
      "sgd(0.01) is given twice"),
    Fault("experiment table1 --device cpu --out @/data/train-images-idx3-ubyte/x", 73, "Not a dir"),
    Fault("experiment table1 --device cpu --out @/data/train-images-idx3-ubyte", 73, "Not a dir"),
    Fault(
      "experiment compare --device cpu --data @/data --batch-size 8 --out @/new --optimizer sgd() "
        + "--optimizer sgd_per_parameter(w9_alpha=1)", 64, "unknown argument 'w9_alpha'"),
    Fault("train --device cpu --data @/data --plot /proc/nowhere", 73, "cannot be created"),
    Fault("tune --device cpu", 64, "tune needs an OpenCL device"),
    Fault("bench --rounds 0", 64, "--rounds 0 is out of range"),
    Fault(
      "train --device cpu --data @/data --batch-size 8 --optimizer sgd(1e-46)", 64,
      "alpha = 1e-46 is too close to 0 for float32"),
    // Data
    Fault("train --device cpu --data @/truncated", 65, "train-images-idx3-ubyte"),
    Fault("train --device cpu --data @/mismatched", 65, "labels, expected"),
    Fault("train --device cpu --data @/swapped", 65, "swapped"),
    Fault("train --device cpu --data @/data --batch-size 8 --init @/text", 65, "@/text"),
    Fault(
      "train --device cpu --data @/data --batch-size 8 --init @/weights --hidden 7", 65,
      "tensor 'w1' has shape [5, 9], the model needs [7, 9]; for a network of the file's widths give "
        + "--hidden 5"),
    Fault("evaluate --device cpu --weights @/text --data @/data", 65, "@/text"),
    Fault("evaluate --device cpu --weights @/weights", 65, "takes 9 inputs, an image has 784"),
    Fault(
      "evaluate --device cpu --weights @/weights --data @/classes", 65,
      "the network tells 4 classes apart, the data has 6"),
    // Missing input
    Fault("train --device cpu --data @/nowhere", 66, "@/nowhere: no such folder"),
    Fault("train --device cpu --data @/empty", 66, "no file train-images-idx3-ubyte"),
    Fault("train --device cpu --data @/data --batch-size 8 --init @/none", 66, "@/none"),
    Fault("evaluate --weights @/none --device cpu", 66, "@/none"),
    // Devices
    Fault("train --device opencl:4000", 69, "there is no device opencl:4000"),
    // Memory
    Fault("train --device cpu --hidden 16777216,16777216", 71, "GiB: choose narrower layers"),
    // Output
    Fault("train --device cpu --save @/none/weights", 73, "@/none/weights: cannot be written"),
    Fault("train --device cpu --save @", 73, "@: cannot be written: Is a directory"),
    Fault(
      "train --device cpu --data @/data --batch-size 8 --log @/none/log", 73,
      "@/none/log: cannot be written: No such file or directory"),
    // Divergence
    Fault("train --device cpu --optimizer adam(1e38)", 3, "not finite at step 1"),
    Fault("train --device cpu --optimizer adam()~/~sgd(1e6)", 3, "not finite at step 2"),
  ]

  @Test("Bad input ends with its exit status and says what was wrong", arguments: faults)
  func fault(_ fault: Fault) throws {
    try withTemporaryFolder { folder in
      try prepare(folder)
      let run = try CommandRun(words(of: fault.arguments, in: folder))
      #expect(run.status == fault.status, "\(run.errors)")
      #expect(run.errors.contains(fault.message.replacing("@", with: folder)), "\(run.errors)")
      #expect(run.output.isEmpty)
      let left = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(!left.contains { $0.hasSuffix(".tmp") }, "left behind: \(left)")
    }
  }

  @Test("A GPU that is not there is an error, and says what to install")
  func noGPU() throws {
    let run = try CommandRun(
      ["train", "--device", "gpu"], environment: ["OCL_ICD_VENDORS": "/nowhere"])
    #expect(run.status == 69)
    #expect(run.errors.contains("there is no OpenCL GPU here; install"))
  }

  @Test("Without an OpenCL device nothing can be tuned")
  func noTuning() throws {
    let run = try CommandRun(["tune"], environment: ["OCL_ICD_VENDORS": "/nowhere"])
    #expect(run.status == 69, "\(run.errors)")
  }

  @Test("Output that cannot be written is found out before training")
  func earlyCheck() throws {
    let run = try CommandRun(["train", "--save", "/nowhere/weights", "--epochs", "40"])
    #expect(run.status == 73)
    #expect(!run.errors.contains("step"))
  }

  /// What the command lines above ask for.
  private func prepare(_ folder: String) throws {
    try SmallDataset().write(to: folder + "/data")
    try SmallDataset(classCount: 6).write(to: folder + "/classes")
    try SmallDataset().write(to: folder + "/truncated")
    try SmallDataset().write(to: folder + "/mismatched")
    try SmallDataset().write(to: folder + "/swapped")
    func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: folder + path)) }
    func write(_ data: Data, _ path: String) throws {
      try data.write(to: URL(filePath: folder + path))
    }
    let images = "-images-idx3-ubyte"
    let labels = "-labels-idx1-ubyte"
    try write(try bytes("/truncated/train" + images).dropLast(), "/truncated/train" + images)
    try write(try bytes("/data/t10k" + labels), "/mismatched/train" + labels)
    try write(try bytes("/data/train" + labels), "/swapped/train" + images)
    try FileManager.default.createDirectory(
      atPath: folder + "/empty", withIntermediateDirectories: true)
    try write(Data("this is no safetensors file, it is a text".utf8), "/text")
    try write(Data(Self.weights), "/weights")
  }

  /// The weights of a network of widths 9, 5, 4 for the small data set.
  private static let weights = [UInt8](
    NetworkFixture.weights(widths: [9, 5, 4]).serialized())
}
