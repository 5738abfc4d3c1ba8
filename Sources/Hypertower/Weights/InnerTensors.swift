/// Recognizes tensors that take part in a network between the layers that a model uses of it, such as
/// those of a batch normalization.
struct InnerTensors {
  private let usedNames: [String]
  private let usedModules: Set<String>
  /// The least and the greatest number that used modules have after the same beginning.
  private var numbers: [String: ClosedRange<Int>] = [:]
  /// The outputs of all layers except the last.
  private let innerWidths: Set<Int>
  /// The inputs and outputs of all layers.
  private let widths: Set<Int>
  /// The place in the file of each of its tensors.
  private let places: [String: Int]
  private let usedPlaces: ClosedRange<Int>

  init(of used: [SafetensorsFile.Entry], in file: SafetensorsFile) {
    usedNames = used.map(\.name)
    usedModules = Set(used.compactMap { Self.module(of: $0.name) })
    places = Dictionary(uniqueKeysWithValues: file.entries.enumerated().map { ($1.name, $0) })
    let own = usedNames.compactMap { [places] in places[$0] }
    usedPlaces = (own.min() ?? 0)...(own.max() ?? 0)
    let matrices = used.filter { $0.shape.count == 2 }
    innerWidths = Set(matrices.dropLast().map { $0.shape[0] })
    widths = Set(matrices.flatMap(\.shape))
    for module in usedModules {
      guard let (beginning, number) = Self.number(of: module) else { continue }
      let range = numbers[beginning] ?? number...number
      numbers[beginning] = min(range.lowerBound, number)...max(range.upperBound, number)
    }
  }

  /// The first of the tensors that are not used which takes part between those that are.
  func first(among others: [SafetensorsFile.Entry]) -> SafetensorsFile.Entry? {
    others.first { other in
      // What goes with a tensor that is used, as a copy of it does, is no layer.
      if usedNames.contains(where: { other.name.hasPrefix($0) }) { return false }
      let module = Self.module(of: other.name)
      if let module, usedModules.contains(module) { return false }
      return module.map(isBetweenByNumber) ?? false || isBetweenByPlace(other)
        || isOfNormalization(other)
    }
  }

  private func isBetweenByNumber(_ module: String) -> Bool {
    guard let (beginning, number) = Self.number(of: module) else { return false }
    return numbers[beginning]?.contains(number) ?? false
  }

  private func isBetweenByPlace(_ other: SafetensorsFile.Entry) -> Bool {
    guard other.shape.count == 1, innerWidths.contains(other.shape[0]) else { return false }
    return places[other.name].map(usedPlaces.contains) ?? false
  }

  /// What a name says before its last dot or slash; nil if there is none.
  private static func module(of name: String) -> String? {
    name.lastIndex { $0 == "." || $0 == "/" }.map { String(name[..<$0]) }
  }

  /// The first number in a module's name, and what stands before it.
  private static func number(of module: String) -> (beginning: String, number: Int)? {
    var beginning = ""
    for word in NumberedName.words(of: module) {
      if let number = Int(word) { return (beginning, number) }
      beginning += word
    }
    return nil
  }

  /// Whether a tensor has a name that libraries give what normalizes a layer's inputs or outputs, and
  /// fits one.
  private func isOfNormalization(_ other: SafetensorsFile.Entry) -> Bool {
    guard other.shape.count == 1, widths.contains(other.shape[0]) else { return false }
    let name = other.name.lowercased()
    let statistics = ["running_mean", "running_var", "moving_mean", "moving_variance"]
    return statistics.contains(where: name.hasSuffix)
      || NumberedName.words(of: name).contains {
        ["bn", "ln"].contains($0) || $0.hasSuffix("norm")
      }
  }
}
