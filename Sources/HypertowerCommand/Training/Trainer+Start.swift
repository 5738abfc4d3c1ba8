import Datasets
import Hypertower

extension Trainer {
  /// Starts from the weights at `path`, as `load` reads them.
  ///
  /// - Parameters:
  ///   - path: the file or folder.
  ///   - network: the network that is trained.
  ///   - encoding: how its samples are understood; nil: they are windows of a text.
  /// - Throws: `InputError`, also if the file says that its weights are of another model or vocabulary, or of other
  ///   columns or classes; where only a dense network's widths differ, it says how to get a network of these.
  func start(
    from path: String, _ network: NetworkDescription, _ encoding: SampleEncoding?
  ) throws {
    let file = try SafetensorsFile(model: path)
    let described = try NetworkDescription(file, source: path)
    if let described { try described.check(fits: network, source: path) }
    if let encoding, let trained = try SampleEncoding(file, source: path) {
      try trained.check(means: encoding, source: path)
    }
    do {
      try setWeights(file, source: path, warn: Console.warn)
    } catch let error as InputError where error.kind == .badData {
      guard let (shape, outputs) = network.samples, network.choice.kind == .dense else {
        throw error
      }
      let widths = try? DenseNetwork.widths(
        in: file, inputs: shape.reduce(1, *), outputs: outputs.count, source: path)
      let own = try weights().entries.filter { $0.shape.count == 2 }.map { $0.shape[0] }
      guard let hidden = widths?.dropFirst().dropLast(), !hidden.isEmpty,
        Array(hidden) != Array(own.dropLast())
      else { throw error }
      throw InputError(
        .badData,
        "\(error.message); for a network of the file's widths give --hidden "
          + IntegerList(Array(hidden)).description)
    }
  }
}

extension NetworkDescription {
  /// Checks that weights of this network mean something in another.
  ///
  /// - Throws: `InputError(.badData)`.
  fileprivate func check(fits other: NetworkDescription, source: String) throws {
    guard choice.kind == other.choice.kind else {
      throw InputError(
        .badData,
        "\(source): holds weights of --model \(choice.kind), not of \(other.choice.kind): give --model "
          + "\(choice.kind)")
    }
    if case .text(let own) = input, case .text(let others) = other.input, own != others {
      throw InputError(
        .badData,
        "\(source): was trained on a text of other characters: its vocabulary of \(own.count) differs from "
          + "the \(others.count) of this text; give a text of the same characters")
    }
  }
}
