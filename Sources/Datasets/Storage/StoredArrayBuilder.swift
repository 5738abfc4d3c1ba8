import Hypertower

/// Makes a `StoredArray` element by element: in memory while the budget has room, and then in a temporary file.
///
/// A builder has one owner: of a copy, neither may be used further.
package struct StoredArrayBuilder<Element: BitwiseCopyable & Sendable> {
  private let name: String
  private let budget: MemoryBudget
  private let expected: Int
  private let bufferSize: Int
  /// All elements, or those that are not in the file yet.
  private var elements: [Element] = []
  /// How many elements may lie in `elements`.
  private var room = 0
  /// How many bytes of the budget are taken.
  private var taken = 0
  private var file: ScratchFile?
  private var writtenCount = 0

  private static var size: Int { MemoryLayout<Element>.stride }
  /// How many bytes of the budget are taken at once.
  private static var stepSize: Int { 1 << 20 }
  /// - Parameters:
  ///   - name: what error messages call the data.
  ///   - budget: what says how much lies in memory.
  ///   - expected: the number of elements that there will be, or about it; default: nothing is known.
  ///   - bufferSize: how many bytes are written to a file at once.
  /// - Throws: `InputError(.cannotWrite)` if no temporary file of so many elements can be made.
  package init(
    _ name: String, in budget: MemoryBudget, expected: Int = 0, bufferSize: Int = 1 << 16
  ) throws {
    (self.name, self.budget, self.expected) = (name, budget, expected)
    self.bufferSize = bufferSize
    guard expected > 0 else { return }
    if budget.take(expected * Self.size) {
      taken = expected * Self.size
      room = expected
      elements.reserveCapacity(expected)
    } else {
      try moveToFile()
    }
  }

  /// The number of elements so far.
  package var count: Int { writtenCount + elements.count }

  /// - Throws: `InputError(.cannotWrite)` if the temporary file cannot grow.
  package mutating func append(_ element: Element) throws {
    if elements.count == room { try makeRoom() }
    elements.append(element)
  }

  /// - Throws: `InputError(.cannotWrite)` if the temporary file cannot grow.
  package mutating func append(contentsOf new: UnsafeBufferPointer<Element>) throws {
    var rest = new[...]
    while !rest.isEmpty {
      if elements.count == room { try makeRoom(for: rest.count) }
      let part = rest.prefix(room - elements.count)
      elements.append(contentsOf: UnsafeBufferPointer(rebasing: part))
      rest = rest.dropFirst(part.count)
    }
  }

  /// - Throws: `InputError(.cannotWrite)` if the temporary file cannot grow.
  package mutating func append(contentsOf new: [Element]) throws {
    try new.withUnsafeBufferPointer { try append(contentsOf: $0) }
  }

  /// Makes room for at least one more element.
  private mutating func makeRoom(for wanted: Int = 1) throws {
    if file == nil {
      let needed = wanted * Self.size
      for step in [max(needed, Self.stepSize), needed] where budget.take(step) {
        taken += step
        room = taken / Self.size
        return
      }
      try moveToFile()
    } else {
      try flush()
    }
  }

  private mutating func moveToFile() throws {
    file = try ScratchFile(
      in: budget.folder, for: name, expectedSize: max(expected, elements.count) * Self.size)
    try flush()
    elements = []
    room = max(1, bufferSize / Self.size)
    elements.reserveCapacity(room)
    budget.giveBack(taken)
    taken = 0
  }

  private mutating func flush() throws {
    try elements.withUnsafeBytes { try file!.write($0) }
    writtenCount += elements.count
    elements.removeAll(keepingCapacity: true)
  }

  /// Gives up the elements and their memory.
  package mutating func discard() {
    budget.giveBack(taken)
    (taken, room, elements, file) = (0, 0, [], nil)
  }

  /// The elements; nothing may be added afterwards.
  ///
  /// - Throws: `InputError(.cannotWrite)` if the temporary file cannot grow.
  package mutating func finish() throws -> StoredArray<Element> {
    guard let file else {
      budget.giveBack(taken - elements.count * Self.size)
      taken = elements.count * Self.size
      defer { elements = [] }
      return StoredArray(elements)
    }
    try flush()
    elements = []
    self.file = nil
    return StoredArray(try file.mapped(), count: writtenCount)
  }
}
