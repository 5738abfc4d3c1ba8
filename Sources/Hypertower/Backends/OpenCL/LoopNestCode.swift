/// Writes the section of a loop nest.
///
/// Lanes run along one dimension, the *lane dimension*: the innermost kept one if nothing is
/// reduced or if memory runs along it (*columns*), else the innermost reduced one (*rows*, whose
/// lanes are folded at the end of each stage). Everything else is loops. Where there are many lanes,
/// columns are for those nests alone that have enough of them: one lane sums a whole column.
struct LoopNestCode {
  let nest: LoopNest
  let profile: DeviceProfile
  let isRows: Bool
  /// In rows, whether a node differs along reduced dimensions.
  let varies: [Bool]
  var arguments = ArgumentList()
  private var code = ""
  var defined: Set<Int> = []

  /// - Parameter isCut: whether the nest runs with others, block of rows by block of rows.
  static func section(_ nest: LoopNest, isCut: Bool, _ profile: DeviceProfile) -> KernelSection {
    var writer = LoopNestCode(isCut ? nest : nest.coalesced(keepingRows: false), profile)
    return writer.section()
  }

  /// The number of rows that the nest can be cut into: lanes must not run along them.
  static func rowCount(of nest: LoopNest, _ profile: DeviceProfile) -> Int? {
    nest.keptShape.count > 1 || runsAlongRows(nest, profile) ? nest.keptShape.first : nil
  }

  private static func runsAlongRows(_ nest: LoopNest, _ profile: DeviceProfile) -> Bool {
    if nest.reducedShape.isEmpty { return false }
    let lanes = profile.groupSize * profile.computeUnits
    if profile.groupSize > 1, nest.keptShape.elementCount < lanes { return true }
    func isAlong(_ dimension: Int) -> Bool {
      nest.inputs.contains { input in
        switch input {
        case .load(_, let strides): strides[dimension] == 1
        case .boundedLoad(let load): load.stride(along: dimension) == 1
        case .indirectLoad(let load): load.strides[dimension] == 1
        case .random, .inside, .coordinate, .reduction: false
        }
      }
    }
    let alongKept = isAlong(nest.keptShape.count - 1)
    let alongReduced = isAlong(nest.keptShape.count + nest.reducedShape.count - 1)
    return alongReduced || !alongKept || nest.outputs.contains(where: \.isFull)
  }

  /// The local memory that folding over the lanes of a work-group takes.
  static func foldMemory(_ profile: DeviceProfile) -> Int {
    profile.groupSize > 1 ? 2 * profile.groupSize : 0
  }

  private init(_ nest: LoopNest, _ profile: DeviceProfile) {
    self.nest = nest
    self.profile = profile
    let keptRank = nest.keptShape.count
    isRows = Self.runsAlongRows(nest, profile)
    varies = nest.graph.dependents { input in
      switch nest.inputs[input] {
      case .load, .boundedLoad, .indirectLoad, .random, .inside:
        nest.inputs[input].coefficients.contains { $0[keptRank...].contains { $0 != 0 } }
      case .coordinate(let dimension): dimension >= keptRank
      case .reduction: false
      }
    }
  }

  private mutating func section() -> KernelSection {
    isRows ? writeRows() : writeColumns()
    let units = isRows ? nest.keptShape.elementCount : chunkCount
    let lanes = isRows ? profile.lanes(for: laneExtent) : 1
    return KernelSection(
      label: nest.label,
      source: "SECTION_FUNCTION SECTION(int begin, int end SECTION_PARAMETERS) {\n\(code)}\n",
      parameters: arguments.parameters, units: units,
      unitsPerGroup: profile.unitsPerGroup(units, lanes: lanes),
      unitsPerBlock: profile.blockRows(for: nest.keptShape[0]) * (units / nest.keptShape[0]),
      lanes: lanes, localMemory: isRows ? Self.foldMemory(profile) : 0)
  }

  var laneExtent: Int { isRows ? nest.reducedShape.last! : nest.keptShape.last! }
  var chunksPerRow: Int { (laneExtent + profile.width - 1) / profile.width }
  private var chunkCount: Int { nest.keptShape.dropLast().reduce(1, *) * chunksPerRow }

  // MARK: Pieces

  mutating func line(_ text: String) { code += text + "\n" }

  /// Indices i<first>… into `shape` from a linear one.
  mutating func writeIndices(
    of shape: ArraySlice<Int>, from linear: String, first: Int, indent: String
  ) {
    var inner = 1
    for (dimension, extent) in zip(shape.indices, shape).reversed() {
      let quotient = inner == 1 ? "(\(linear))" : "(\(linear)) / \(inner)"
      let index = dimension == shape.startIndex ? quotient : "\(quotient) % \(extent)"
      line("\(indent)const int i\(first + dimension - shape.startIndex) = \(index);")
      inner *= extent
    }
  }

  mutating func declareAccumulator(_ reduction: Int, indent: String) {
    let start = nest.reductions[reduction].kind == .sum ? "0.0f" : "-INFINITY"
    line("\(indent)vec fold\(reduction) = (vec)(\(start));")
    if nest.reductions[reduction].kind == .sum, sumsAreLong {
      line("\(indent)vec lost\(reduction) = (vec)(0.0f);")
    }
    if nest.reductions[reduction].kind == .indexOfMaximum {
      line("\(indent)vec index\(reduction) = (vec)(0.0f);")
    }
  }

  /// The number of terms of a lane from which on sums carry what rounding has lost along.
  private static let longSum = 512

  /// Whether each lane adds so many terms that their rounding would show.
  private var sumsAreLong: Bool {
    let lanes = isRows ? profile.width * profile.lanes(for: laneExtent) : 1
    return nest.reducedShape.elementCount / lanes > Self.longSum
  }

  mutating func accumulate(_ reduction: Int, indent: String, masked: Bool) {
    let own = nest.reductions[reduction]
    let fold = "fold\(reduction)"
    let value = isRows && !varies[own.value] ? "(vec)(n\(own.value))" : "n\(own.value)"
    switch own.kind {
    case .sum:
      let term = masked ? "keep_first(\(value), count, 0.0f)" : value
      line(
        sumsAreLong
          ? "\(indent)add_compensated(&\(fold), &lost\(reduction), \(term));"
          : "\(indent)\(fold) += \(term);")
    case .maximum, .indexOfMaximum:
      let term = masked ? "keep_first(\(value), count, -INFINITY)" : value
      line("\(indent){")
      line("\(indent)  const vec term = \(term);")
      if own.kind == .indexOfMaximum {
        let position =
          isRows
          ? "TO_REAL((ivec)(\(reducedLinear)) + LANE_INDEX)"
          : "(vec)((real)(\(reducedLinear)))"
        line(
          "\(indent)  index\(reduction) = CHOOSE(vec, IS_GREATER(term, \(fold)), \(position), "
            + "index\(reduction));")
      }
      line("\(indent)  \(fold) = CHOOSE(vec, IS_GREATER(term, \(fold)), term, \(fold));")
      line("\(indent)}")
    }
  }

  var keptLinear: String { linear(nest.keptShape, first: 0) }
  var reducedLinear: String { linear(nest.reducedShape, first: nest.keptShape.count) }

  private func linear(_ shape: Shape, first: Int) -> String {
    zip(shape.contiguousStrides, 0...).map { stride, dimension in
      stride == 1 ? "i\(first + dimension)" : "i\(first + dimension) * \(stride)"
    }.joined(separator: " + ")
  }

  mutating func store(_ output: LoopNest.Output, indent: String, at position: String) {
    let target = arguments.pointer(to: output.span, isWritten: true)
    let value = isRows && !varies[output.node] ? "(vec)(n\(output.node))" : "n\(output.node)"
    let address = "\(target) + \(position)"
    line(indent + ScalarCode.store(value, address, extent: laneExtent))
  }

  /// Defines `n<index>` for the nodes that `outputs` need and that are not defined yet.
  ///
  /// In rows, nodes that do not vary along the row are single numbers, defined outside its loop.
  mutating func emit(_ outputs: [Int], indent: String, onlyUniform: Bool) {
    let needed = nest.graph.needed(by: outputs)
    for index in nest.graph.nodes.indices
    where needed[index] && !defined.contains(index)
      && !(isRows && onlyUniform && varies[index])
    {
      let type = isRows && !varies[index] ? "real" : "vec"
      if case .input(let number) = nest.graph.nodes[index],
        let statement = statement(
          nest.inputs[number], type: type, name: "n\(index)", indent: indent)
      {
        code += statement
        defined.insert(index)
        continue
      }
      let text = ScalarCode.expression(
        nest.graph.nodes[index], type: type,
        operand: { type == "vec" && isRows && !varies[$0] ? "(vec)(n\($0))" : "n\($0)" },
        input: { input(nest.inputs[$0], type: type) })
      line("\(indent)const \(type) n\(index) = \(text);")
      defined.insert(index)
    }
  }

  var laneDimension: Int {
    isRows ? nest.keptShape.count + nest.reducedShape.count - 1 : nest.keptShape.count - 1
  }

  private mutating func input(_ input: LoopNest.Input, type: String) -> String {
    switch input {
    case .reduction(let number):
      return "result\(number)"
    case .coordinate(let dimension):
      return type == "vec" && dimension == laneDimension
        ? "TO_REAL((ivec)(i\(dimension)) + LANE_INDEX)" : "(\(type))((real)i\(dimension))"
    case .load(let span, let strides):
      let terms = strides.enumerated().compactMap { dimension, stride in
        stride == 0 ? nil : stride == 1 ? "i\(dimension)" : "i\(dimension) * \(stride)"
      }
      let address = ([arguments.pointer(to: span)] + terms).joined(separator: " + ")
      guard type == "vec" else { return "*(\(address))" }
      return switch strides[laneDimension] {
      case 0: "(vec)(*(\(address)))"
      case 1: "LOAD(\(address))"
      case let stride: "load_strided(\(address), \(stride), count)"
      }
    case .boundedLoad, .indirectLoad, .random, .inside:
      fatalError("LoopNestCode: \(input) is a statement")
    }
  }

  /// Statements that define `name` as an input that is no expression; nil for others.
  private mutating func statement(
    _ input: LoopNest.Input, type: String, name: String, indent: String
  ) -> String? {
    let bounds: [IndexBound]
    let load: BoundedLoad?
    switch input {
    case .boundedLoad(let own): (bounds, load) = (own.bounds, own)
    case .inside(let own): (bounds, load) = (own, nil)
    case .indirectLoad(let load):
      let code = IndirectLoadCode(
        load: load, table: arguments.pointer(to: load.table),
        numbers: arguments.pointer(to: load.number),
        laneDimension: laneDimension)
      return code.definition(of: name, type: type, indent: indent)
    case .random(let random):
      let counters = arguments.pointer(to: random.counters, type: "int")
      return RandomCode.definition(
        of: name, random, counters: counters, laneDimension: type == "vec" ? laneDimension : nil,
        indent: indent)
    case .load, .coordinate, .reduction: return nil
    }
    let buffer = load.map { arguments.pointer(to: $0.span) }
    let code = BoundedAccessCode(
      bounds: bounds, load: load, buffer: buffer, laneDimension: laneDimension)
    return code.definition(of: name, type: type, indent: indent)
  }
}
