/// The tensors of a file that holds a model's parameters and states as another library does.
struct LayoutMatch {
  /// One for each parameter, in its own shape.
  let entries: [SafetensorsFile.Entry]
  /// The file's tensors of which they are made.
  let used: [SafetensorsFile.Entry]
  /// Whether the file has the parameters' own names and shapes.
  let isPlain: Bool

  /// A parameter or state: its name, its shape and what it is.
  typealias Parameter = (name: String, declaration: ParameterDeclaration)

  /// What a file lacks.
  struct Fault: Error {
    let message: String
  }

  /// - Parameters:
  ///   - beginning: what stands before all names.
  ///   - source: what messages call the file.
  /// - Throws: `Fault` if a tensor is missing or has another shape; `InputError(.badData)` if all are there, and one
  ///   is of a type that is not read.
  init(
    _ parameters: [Parameter], _ placements: [TensorPlacement], in file: SafetensorsFile,
    beginning: String = "", source: String
  ) throws {
    var parts: [ObjectIdentifier: [(name: String, part: TensorPlacement.Part)]] = [:]
    for placement in placements {
      guard case .part(let part) = placement.content,
        let declaration = part.tensor.parameterDeclaration
      else { continue }
      parts[ObjectIdentifier(declaration), default: []].append((beginning + placement.name, part))
    }
    var chosen: [[(entry: SafetensorsFile.Entry, part: TensorPlacement.Part)]] = []
    for parameter in parameters {
      var own = parts[ObjectIdentifier(parameter.declaration)] ?? []
      // A parameter that modules share has several names, of which a file may have one.
      if own.count > 1, own.allSatisfy({ $0.part.rows == nil && !$0.part.isAddend }) {
        own = [own.first { file[$0.name] != nil } ?? own[0]]
      }
      guard !own.isEmpty else { throw Fault(message: "'\(parameter.name)' has no place in it") }
      chosen.append(
        try own.map { name, part in
          guard let entry = file[name] else {
            throw Fault(message: "tensor '\(name)' of shape \(part.fileShape) is missing")
          }
          guard part.isAddend || entry.shape == part.fileShape else {
            throw Fault(
              message: "tensor '\(name)' has shape \(entry.shape), expected \(part.fileShape)")
          }
          return (entry, part)
        })
    }
    used = chosen.joined().map(\.entry)
    isPlain = zip(parameters, chosen).allSatisfy { parameter, own in
      own.count == 1 && own[0].part.isWhole && own[0].entry.name == parameter.name
    }
    entries = try zip(parameters, chosen).map { parameter, own in
      if own.count == 1, own[0].part.isWhole { return own[0].entry }
      var values = [Double](repeating: 0, count: parameter.declaration.shape.elementCount)
      let width = parameter.declaration.shape.dropFirst().reduce(1, *)
      for (entry, part) in own {
        try entry.checkReadable(source: source)
        let read = part.read(part.isAddend ? [] : entry.doubles())
        let start = (part.rows?.lowerBound ?? 0) * width
        values.replaceSubrange(start..<start + read.count, with: read)
      }
      return .init(name: parameter.name, shape: parameter.declaration.shape, doubles: values)
    }
  }

  /// The match after the only beginning of names for which there is one, such as `module.`; else nil.
  ///
  /// - Throws: `InputError`, as `init`.
  static func any(
    _ parameters: [Parameter], _ placements: [TensorPlacement], in file: SafetensorsFile,
    source: String
  ) throws -> (match: LayoutMatch, beginning: String)? {
    guard let first = placements.first?.name else { return nil }
    let beginnings =
      [""]
      + file.entries.filter { $0.name.hasSuffix(first) }
      .map { String($0.name.dropLast(first.count)) }
      .filter { $0.hasSuffix(".") || $0.hasSuffix("/") }
    let matches = try beginnings.compactMap { beginning in
      do {
        return (
          try LayoutMatch(
            parameters, placements, in: file, beginning: beginning, source: source), beginning
        )
      } catch is Fault {
        return nil
      }
    }
    return matches.count == 1 ? matches[0] : nil
  }
}

extension SafetensorsFile.Entry {
  /// - Throws: `InputError(.badData)` if the elements are of a type that is not read.
  func checkReadable(source: String) throws {
    guard elementType.isReadable else {
      throw InputError(
        .badData, "\(source): tensor '\(name)' is of type \(elementType.name): convert it to F32")
    }
  }
}
