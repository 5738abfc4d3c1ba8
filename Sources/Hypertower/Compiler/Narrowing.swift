/// Computes only what is used: of a tensor of which nothing but a slice or some rows are read, no more than these.
///
/// So the last place of a sequence costs a last layer at that place. From the results backwards, each node learns which
/// part of it is read along each axis; elementwise work, views, reductions and products ask their operands for no more
/// than that. What cannot be computed in part, such as a loop, is computed whole, and the part is taken from it. Sums
/// keep the order of their terms. Axes that a product takes as one, such as samples and the rows of each, are cut at the
/// outer one alone.
struct Narrowing {
  /// What is read of a node along one of its axes.
  enum Part: Hashable {
    case all
    case range(Range<Int>)
    /// The elements that the numbers of a node of the given tape name, one after another; of a number that names none,
    /// there is anything.
    case rows(Tape.Index)
  }

  let source: Tape
  /// For each node what of it is computed, a part for each axis.
  private(set) var parts: [[Part]]
  /// What of its operands a node is computed from.
  private(set) var operandParts: [[[Part]]]
  /// Of each `gather` whose table is computed in part: the numbers.
  private(set) var narrowedTables: [Tape.Index: Tape.Index] = [:]
  /// Whether a node is a function of places alone.
  let isConstant: [Bool]

  /// The new tape, and its nodes that have the elements of `outputs`; the given ones where nothing is left out.
  static func apply(
    to tape: Tape, outputs: [Tape.Index]
  ) -> (tape: Tape, outputs: [Tape.Index]) {
    let needed = tape.neededForValues(of: outputs)
    guard !tape.hasEmptyNodes(among: needed) else { return (tape, outputs) }
    let narrowing = Narrowing(tape, outputs: outputs, needed: needed)
    let isWhole = narrowing.parts.allSatisfy { $0.allSatisfy { $0 == .all } }
    return isWhole
      ? (tape, outputs) : NarrowedTape.make(narrowing, outputs: outputs, needed: needed)
  }

  private init(_ tape: Tape, outputs: [Tape.Index], needed: [Bool]) {
    source = tape
    isConstant = tape.areConstant
    parts = tape.nodes.map { [Part](repeating: .all, count: $0.shape.count) }
    operandParts = [[[Part]]](repeating: [], count: tape.nodes.count)
    /// What the nodes so far read of each; nil: nothing yet.
    var read = [[Part]?](repeating: nil, count: tape.nodes.count)
    func readAll(_ index: Tape.Index) { read[index] = parts[index] }
    outputs.forEach(readAll)
    for index in tape.nodes.indices.reversed() where needed[index] {
      let node = tape[index]
      parts[index] = zip(read[index]!, node.shape).map { $0.worthwhile(of: $1) }
      operandParts[index] = demands(index)
      for (operand, own) in zip(node.valueOperands, operandParts[index]) {
        read[operand] = read[operand].map { zip($0, own).map { $0.joined(with: $1) } } ?? own
      }
      // Numbers that tables were cut by are there before these.
      if let numbers = narrowedTables[index] { readAll(numbers) }
    }
  }

  /// The shape of a part of a node; default: of that which is computed.
  func shape(of index: Tape.Index, in part: [Part]? = nil) -> Shape {
    zip(part ?? parts[index], source[index].shape).map { part, extent in
      switch part {
      case .all: extent
      case .range(let range): range.count
      case .rows(let numbers): source[numbers].shape.elementCount
      }
    }
  }

  // MARK: What operands are asked for

  /// A part of each operand, once `parts` has the node's; along axes where that cannot be done, the node is whole.
  private mutating func demands(_ index: Tape.Index) -> [[Part]] {
    let node = source[index]
    let shapes = node.valueOperands.map { source[$0].shape }
    func whole() -> [[Part]] { shapes.map { $0.map { _ in .all } } }
    switch node.operation {
    case .fill, .coordinate:
      return []
    case .unary, .binary, .select, .detach, .known:
      return shapes.map { _ in parts[index] }
    case .broadcast:
      return [Self.broadcast(parts[index], shapes[0])]
    case .transpose(let permutation):
      var own = parts[index]
      for (axis, place) in permutation.enumerated() { own[place] = parts[index][axis] }
      return [own]
    case .reshape:
      return [reshaped(index, shapes[0])]
    case .access(let access):
      return [accessed(index, access, shapes[0])]
    case .reduce(_, let axes):
      return [shapes[0].indices.map { axes.contains($0) ? .all : parts[index][$0] }]
    case .matrixProduct(let transposeLeft, let transposeRight):
      let leading = Array(parts[index].dropLast(2))
      let (row, column) = (parts[index][leading.count], parts[index][leading.count + 1])
      return [
        leading + (transposeLeft ? [.all, row] : [row, .all]),
        leading + (transposeRight ? [column, .all] : [.all, column]),
      ]
    case .gather(let isZeroOutside):
      return gathered(index, isZeroOutside: isZeroOutside, table: shapes[0])
    case .leaf, .random, .scatterAdd, .scan, .scanResult, .convolution, .attention,
      .attentionGradient, .attentionResult, .allReduce:
      parts[index] = node.shape.map { _ in .all }
      return whole()
    }
  }

  /// Of what an operand of `shape` is repeated to, the part that `part` repeats.
  static func broadcast(_ part: [Part], _ shape: Shape) -> [Part] {
    zip(part, shape).map { $1 == 1 ? .all : $0 }
  }

  private mutating func reshaped(_ index: Tape.Index, _ shape: Shape) -> [Part] {
    let target = source[index].shape
    var own = [Part](repeating: .all, count: shape.count)
    for (from, to) in shape.groups(with: target) {
      let (longFrom, longTo) = (from.filter { shape[$0] != 1 }, to.filter { target[$0] != 1 })
      guard let first = longTo.first, to.contains(where: { parts[index][$0] != .all }) else {
        continue
      }
      let isFirstAlone = longTo.dropFirst().allSatisfy { parts[index][$0] == .all }
      if longFrom.count == 1, longTo.count == 1 {
        own[longFrom[0]] = parts[index][first]
      } else if isFirstAlone, let start = longFrom.first,
        case .range(let range) = parts[index][first],
        let scaled = range.scaled(
          from: longTo.dropFirst().reduce(1) { $0 * target[$1] },
          to: longFrom.dropFirst().reduce(1) { $0 * shape[$1] })
      {
        own[start] = .range(scaled)
      } else {
        for axis in to { parts[index][axis] = .all }
      }
    }
    return own
  }

  private mutating func accessed(_ index: Tape.Index, _ access: Access, _ shape: Shape) -> [Part] {
    let target = source[index].shape
    /// Which axis of the operand an axis of the node goes along, element by element, if it does nothing else.
    func along(_ axis: Int) -> Int? {
      let users = access.indices.indices.filter { access.indices[$0].coefficients[axis] != 0 }
      guard users.count == 1, shape[users[0]] == target[axis],
        access.indices[users[0]] == .axis(axis, rank: target.count)
      else { return nil }
      return users[0]
    }
    var rows: [Int: Part] = [:]
    for axis in target.indices {
      guard case .rows = parts[index][axis] else { continue }
      if let place = along(axis) {
        rows[place] = parts[index][axis]
      } else {
        parts[index][axis] = .all
      }
    }
    let ranges = zip(parts[index], target).map { $0.range ?? 0..<$1 }
    return zip(access.indices, shape).enumerated().map { place, axis in
      rows[place] ?? .range(axis.0.values(in: ranges, below: axis.1))
    }
  }

  private mutating func gathered(
    _ index: Tape.Index, isZeroOutside: Bool, table: Shape
  ) -> [[Part]] {
    let node = source[index]
    let (leading, width) = (Array(parts[index].dropLast(2)), parts[index].last!)
    let count = parts[index][leading.count]
    var rows = Part.all
    if count == .all, !isZeroOutside, isComputed(node.operands[0]),
      let numbers = numbers(node.operands[1])
    {
      rows = Part.rows(numbers).worthwhile(
        of: table[leading.count], count: source[numbers].shape.elementCount)
      if rows != .all { narrowedTables[index] = numbers }
    }
    return [leading + [rows, width], leading + [count]]
  }

  /// Whether there is work to save in a table: it is no view of what is there anyway.
  private func isComputed(_ index: Tape.Index) -> Bool {
    switch source[index].operation {
    case .unary, .binary, .select, .reduce, .matrixProduct, .gather: true
    case .broadcast, .reshape, .transpose, .access, .detach, .known:
      isComputed(source[index].operands[0])
    case .leaf, .fill, .coordinate, .random, .scatterAdd, .scan, .scanResult, .convolution,
      .attention, .attentionGradient, .attentionResult, .allReduce:
      false
    }
  }

  /// The numbers of rows, if all tables are read at the same ones, which nothing but inputs decides; else nil.
  private func numbers(_ index: Tape.Index) -> Tape.Index? {
    var index = index
    if case .broadcast = source[index].operation,
      source[source[index].operands[0]].shape.elementCount == source[index].shape.last
    {
      index = source[index].operands[0]
    }
    let shape = source[index].shape
    guard shape.elementCount == shape.last else { return nil }
    let needed = source.neededForValues(of: [index])
    let areGiven = source.nodes.indices.allSatisfy { number in
      guard needed[number] else { return true }
      switch source[number].operation {
      case .leaf, .fill, .reshape, .transpose, .broadcast, .detach, .known, .unary, .binary:
        return true
      case .coordinate, .random, .access, .select, .reduce, .matrixProduct, .gather, .scatterAdd,
        .scan, .scanResult, .convolution, .attention, .attentionGradient, .attentionResult,
        .allReduce:
        return false
      }
    }
    return areGiven ? index : nil
  }
}

extension Tape {
  /// For each node whether it is an elementwise function of its places alone.
  fileprivate var areConstant: [Bool] {
    nodes.reduce(into: []) { known, node in
      switch node.operation {
      case .fill, .coordinate: known.append(true)
      case .unary, .binary, .select, .broadcast:
        known.append(node.operands.allSatisfy { known[$0] })
      case .leaf, .random, .reshape, .transpose, .access, .detach, .known, .reduce,
        .matrixProduct, .gather, .scatterAdd, .scan, .scanResult, .convolution, .attention,
        .attentionGradient, .attentionResult, .allReduce:
        known.append(false)
      }
    }
  }
}

extension Narrowing.Part {
  /// The range, if it is one.
  var range: Range<Int>? {
    guard case .range(let range) = self else { return nil }
    return range
  }

  /// What is read by one or the other.
  fileprivate func joined(with other: Self) -> Self {
    if self == other { return self }
    guard let range, let own = other.range else { return .all }
    return .range(
      Swift.min(range.lowerBound, own.lowerBound)..<Swift.max(range.upperBound, own.upperBound))
  }

  /// All, unless at most half of an axis is read: a layout that suits the device is worth more than a few elements.
  ///
  /// - Parameter count: of how many rows; default: those that a range has.
  fileprivate func worthwhile(of extent: Int, count: Int? = nil) -> Self {
    switch self {
    case .all: .all
    case .range(let range): 2 * range.count <= extent ? self : .all
    case .rows: count.map { 2 * $0 <= extent } ?? true ? self : .all
    }
  }
}

extension Range<Int> {
  /// The range in units of `other` elements in place of those of `own`; nil where it does not begin and end with one.
  fileprivate func scaled(from own: Int, to other: Int) -> Range<Int>? {
    let (begin, end) = (lowerBound * own, upperBound * own)
    guard begin % other == 0, end % other == 0 else { return nil }
    return begin / other..<end / other
  }
}

extension IndexExpression {
  /// The numbers in 0..<`extent` that the expression may have in a box of indices, from the least to the greatest; one
  /// at least.
  fileprivate func values(in box: [Range<Int>], below extent: Int) -> Range<Int> {
    var (least, greatest) = (offset, offset)
    for (coefficient, range) in zip(coefficients, box) {
      let ends = [coefficient * range.lowerBound, coefficient * (range.upperBound - 1)]
      least += ends.min()!
      greatest += ends.max()!
    }
    // Rounded inwards, since the division leaves no rest.
    func floor(_ value: Int) -> Int {
      value >= 0 ? value / divisor : -((divisor - 1 - value) / divisor)
    }
    let first = Swift.max(0, -floor(-least))
    let last = Swift.min(extent - 1, floor(greatest))
    return first <= last ? first..<last + 1 : 0..<1
  }
}
