/// Writes how a loop nest draws random numbers.
enum RandomCode {
  /// Statements that define `name` as random numbers: of lanes along `laneDimension`, or one if that is nil.
  static func definition(
    of name: String, _ random: RandomNumber, counters: String, laneDimension: Int?, indent: String
  ) -> String {
    func draw(_ index: String) -> String {
      "random_number((uint)(\(index)), \(random.call)u, \(RandomNumber.purpose)u, \(counters))"
    }
    guard let laneDimension else {
      let index = random.index.code(laneDimension: nil, lane: nil)
      return "\(indent)const real \(name) = \(draw(index));\n"
    }
    let index = random.index.code(laneDimension: laneDimension, lane: "lane")
    return """
      \(indent)real lanes_\(name)[WIDTH];
      \(indent)for (int lane = 0; lane < WIDTH; ++lane) lanes_\(name)[lane] = \(draw(index));
      \(indent)const vec \(name) = LOAD_PRIVATE(lanes_\(name));

      """
  }
}

extension IndexExpression {
  /// The sum, before the division, of the indices i0, i1, …, `lane` further along the lane dimension.
  func code(laneDimension: Int?, lane: String?) -> String {
    var terms = coefficients.enumerated().compactMap { dimension, coefficient -> String? in
      guard coefficient != 0 else { return nil }
      let index =
        dimension == laneDimension && lane != nil ? "(i\(dimension) + \(lane!))" : "i\(dimension)"
      return coefficient == 1 ? index : "\(index) * (\(coefficient))"
    }
    if offset != 0 || terms.isEmpty { terms.append("(\(offset))") }
    return terms.joined(separator: " + ")
  }
}
