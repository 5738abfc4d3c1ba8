/// Writes how a loop nest reads memory within bounds.
struct BoundedAccessCode {
  let bounds: [IndexBound]
  /// What is read where all bounds hold; nil if the question is whether they do.
  let load: BoundedLoad?
  /// Where what it reads begins.
  let buffer: String?
  /// The dimension that lanes run along.
  let laneDimension: Int

  /// Statements that define `name`, a `real` at the indices of now or a `vec` of lanes.
  func definition(of name: String, type: String, indent: String) -> String {
    guard type == "vec", dependsOnLanes else {
      let value = scalar(at: nil)
      return "\(indent)const \(type) \(name) = (\(type))(\(value));\n"
    }
    if let load, load.stride(along: laneDimension) == 1, ofLanes.isEmpty {
      let value = "LOAD(\(address(load, at: nil)))"
      return bounds.isEmpty
        ? "\(indent)const vec \(name) = \(value);\n"
        : "\(indent)const vec \(name) = (\(condition)) ? \(value) : (vec)(0.0f);\n"
    }
    return """
      \(indent)vec \(name);
      \(indent)\(wholeVectors(name))\
      {
      \(indent)  real lanes_\(name)[WIDTH];
      \(indent)  for (int lane = 0; lane < WIDTH; ++lane)
      \(indent)    lanes_\(name)[lane] = lane < count ? \(scalar(at: "lane")) : 0.0f;
      \(indent)  \(name) = LOAD_PRIVATE(lanes_\(name));
      \(indent)}

      """
  }

  private var dependsOnLanes: Bool {
    bounds.contains(where: differsInVector)
      || load?.axes.contains { $0.index.coefficients[laneDimension] != 0 } ?? false
  }

  private var ofLanes: [IndexBound] { bounds.filter(differsInVector) }

  /// What is done where all lanes are inside the bounds or all outside, before the code for each lane by itself:
  /// nothing where indices leave gaps or lanes read no neighbouring elements.
  private func wholeVectors(_ name: String) -> String {
    guard load.map({ $0.stride(along: laneDimension) == 1 }) ?? true,
      ofLanes.allSatisfy({ $0.index.divisor == 1 })
    else { return "" }
    let ends = [nil, "(WIDTH - 1)"].map { lane in
      bounds.map { condition($0, at: lane) }.joined(separator: " && ")
    }
    let value = load.map { "LOAD(\(address($0, at: nil)))" } ?? "(vec)(1.0f)"
    return "if (count >= WIDTH && \(ends[0]) && \(ends[1])) \(name) = \(value); else "
      + "if (\(bounds.map(outside).joined(separator: " || "))) \(name) = (vec)(0.0f); else "
  }

  /// Whether a bound may hold for some lanes of a vector and not for others. It does not where an axis is made of
  /// whole vectors, as in a concatenation of such.
  private func differsInVector(_ bound: IndexBound) -> Bool {
    let index = bound.index
    let ofLanes = index.coefficients[laneDimension]
    if ofLanes == 0 { return false }
    var others = index.coefficients
    others[laneDimension] = 0
    return index.divisor != 1 || ofLanes != 1
      || ([index.offset, bound.extent] + others).contains { $0 % Self.mostLanes != 0 }
  }

  /// A multiple of the number of lanes of every device.
  private static let mostLanes = 16

  /// The condition that a bound holds for no lane of a vector.
  private func outside(_ bound: IndexBound) -> String {
    guard differsInVector(bound) else { return "!(\(condition(bound, at: nil)))" }
    let ends = [nil, "(WIDTH - 1)"].map { numerator(bound.index, at: $0) }
    let isForwards = bound.index.coefficients[laneDimension] > 0
    let (least, greatest) = isForwards ? (ends[0], ends[1]) : (ends[1], ends[0])
    return "\(greatest) < 0 || \(least) >= \(bound.extent)"
  }

  /// The value at the indices of now, `lane` further along the lane dimension.
  private func scalar(at lane: String?) -> String {
    let conditions = bounds.map { condition($0, at: lane) }.joined(separator: " && ")
    guard let load else { return "(\(conditions)) ? 1.0f : 0.0f" }
    let value = "*(\(address(load, at: lane)))"
    return bounds.isEmpty ? value : "((\(conditions)) ? \(value) : 0.0f)"
  }

  /// Whether all bounds hold at the indices of now.
  var condition: String { bounds.map { condition($0, at: nil) }.joined(separator: " && ") }

  private func condition(_ bound: IndexBound, at lane: String?) -> String {
    let numerator = numerator(bound.index, at: lane)
    // As one comparison: what is negative is great as an unsigned number.
    let inside = "(uint)(\(numerator)) < \(bound.extent * bound.index.divisor)u"
    return bound.index.divisor == 1
      ? inside : "\(inside) && (\(numerator)) % \(bound.index.divisor) == 0"
  }

  private func address(_ load: BoundedLoad, at lane: String?) -> String {
    if let strides = load.strides {
      var all = IndexExpression.constant(0, rank: strides.count)
      for axis in load.axes { all.add(axis.index, times: axis.stride) }
      return "\(buffer!) + (\(numerator(all, at: lane)))"
    }
    let terms = load.axes.map { axis in
      let index = "(\(numerator(axis.index, at: lane)))"
      let quotient = axis.index.divisor == 1 ? index : "\(index) / \(axis.index.divisor)"
      return "\(quotient) * \(axis.stride)"
    }
    return ([buffer!] + terms).joined(separator: " + ")
  }

  private func numerator(_ index: IndexExpression, at lane: String?) -> String {
    index.code(laneDimension: laneDimension, lane: lane)
  }
}
