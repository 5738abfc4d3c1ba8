import ArgumentParser
import Datasets
import Hypertower

struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Generates text with a saved character model.",
    discussion: """
      For example: hypertower generate --weights gpt.safetensors --prompt "ROMEO:" --temperature 0.8
      Each character is drawn by what the model makes of those before it, of the last as many as a sample had \
      in training.
      """)

  @Option(
    help: ArgumentHelp("The file that `train --save` or a checkpoint wrote.", valueName: "file"),
    completion: .file())
  var weights: String

  @Option(help: "What the text begins with, in the characters of the training text.")
  var prompt = ""

  @Option(help: "The number of characters to add.")
  var length = 500

  @Option(
    help: """
      Divides the logits: values below 1 favor likely characters, and 0 always takes the likeliest.
      """)
  var temperature = 1.0

  @Option(
    name: .customLong("top-k"),
    help: "Draw among this many likeliest characters only; default: all.")
  var topK: Int?

  @Option(help: "The seed of the random draws.")
  var seed: UInt64 = 0

  @OptionGroup var config: ConfigOptions
  @OptionGroup var device: DeviceOptions

  func validate() throws {
    guard 0...100_000_000 ~= length else {
      throw ValidationError("--length \(length) is out of range: it must lie in 0...100000000")
    }
    guard temperature >= 0, temperature.isFinite else {
      throw ValidationError(
        "--temperature \(temperature) is out of range: it must be a finite number, 0 or more")
    }
    if let topK, topK < 1 {
      throw ValidationError("--top-k \(topK) is out of range: it must be 1 or more")
    }
  }

  func run() throws {
    let network = try LoadedNetwork(weights, on: device.device())
    guard case .text(let vocabulary) = network.description.input else {
      throw Failure(
        .usage,
        "\(weights): the model \(network.description.choice.kind) is an image classifier; use `hypertower "
          + "predict`")
    }
    var tokens = try promptTokens(vocabulary)
    let window = network.description.choice.size(.length)
    var sampler = TokenSampler(temperature: temperature, most: topK, seed: seed)
    try Console.write(prompt)
    for _ in 0..<length {
      let known = tokens.suffix(window)
      // What comes after a place does not count there.
      let inputs = known.map(Float.init) + [Float](repeating: 0, count: window - known.count)
      let logits = try network.trainer.outputs(for: inputs, at: known.count - 1)
      guard logits.allSatisfy(\.isFinite) else {
        throw Failure(.diverged, "\(weights): the model's outputs are not finite")
      }
      tokens.append(sampler.next(logits))
      try Console.write(vocabulary.text(of: tokens.suffix(1)))
    }
    try Console.print("")
  }

  /// The tokens of the prompt; without one, a line's end, after which texts begin, or the first character.
  private func promptTokens(_ vocabulary: Vocabulary) throws -> [Int32] {
    guard !prompt.isEmpty else { return [vocabulary.token(of: "\n") ?? 0] }
    do {
      return try vocabulary.tokens(of: prompt.unicodeScalars, name: "--prompt")
    } catch let error as InputError {
      throw InputError(.usage, error.message)
    }
  }
}
