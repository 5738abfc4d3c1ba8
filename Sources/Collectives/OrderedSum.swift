/// Sums over numbered shares that ranks have, whose bits depend on the shares alone.
///
/// sum = ((share 0 + share 1) + share 2) + …, element by element
///
/// Floating-point sums depend on their order, so it is always this one, whoever has which share. Each rank has a run of
/// shares. The sum so far goes from rank to rank, each of which adds its own; the last one has the whole sum, which
/// goes on to rank 0 and from there along all others. It travels in blocks, so that all links are busy at the same
/// time. No rank sends more than twice the size of a share:
///
/// | | sends |
/// | --- | --- |
/// | all but the last rank | the sum so far, to the next |
/// | all but the last two | the whole sum, to the next |
/// | the last | the whole sum, to rank 0 |
///
/// One more number follows the elements. Each rank adds to it what all are to know.
public final class OrderedSum {
  /// The numbers of the shares that this rank has.
  public let shares: Range<Int>
  private let collective: any Collective
  private let count: Int
  private let elementSize: Int
  /// The elements of each share of this rank.
  private let own: [UnsafeMutableRawBufferPointer]
  /// The sum so far, which rank 0 begins in the place of share 0, and, for all but the last rank, the whole one, each
  /// with the number after it.
  private let partial: UnsafeMutableRawBufferPointer
  private let whole: UnsafeMutableRawBufferPointer
  /// The bytes of each block.
  private let blocks: [Range<Int>]
  /// Whether a sum has begun that has not come to its end, or to an error.
  private var isUnderway = false

  /// - Parameters:
  ///   - count: the number of elements of a share.
  ///   - elementSize: the bytes of an element: 4 for float32, 8 for float64.
  ///   - shareCount: the number of shares of all ranks, at least as many as there are ranks.
  ///   - collective: the ranks.
  ///   - blockSize: the number of bytes of a block, which has no influence on the sum; default: so many that there are
  ///     about four blocks for each rank, of 64 KiB to 1 MiB.
  public init(
    count: Int, elementSize: Int, shareCount: Int, over collective: any Collective,
    blockSize: Int? = nil
  ) {
    precondition(
      elementSize == 4 || elementSize == 8, "OrderedSum: elements of \(elementSize) bytes")
    precondition(shareCount >= collective.size, "OrderedSum: a rank without a share")
    self.collective = collective
    self.count = count
    self.elementSize = elementSize
    shares = Self.shares(of: collective.rank, ranks: collective.size, shareCount: shareCount)
    func memory(_ count: Int) -> UnsafeMutableRawBufferPointer {
      let memory = UnsafeMutableRawBufferPointer.allocate(
        byteCount: count * elementSize, alignment: 64)
      memory.initializeMemory(as: UInt8.self, repeating: 0)
      return memory
    }
    own = shares.map { memory($0 == 0 ? count + 1 : count) }
    partial = collective.rank == 0 ? own[0] : memory(count + 1)
    whole = collective.rank == collective.size - 1 ? partial : memory(count + 1)
    let size = (count + 1) * elementSize
    let wanted =
      blockSize ?? Swift.min(1 << 20, Swift.max(1 << 16, size / (4 * collective.size)))
    let step = Swift.max(1, wanted / elementSize) * elementSize
    // A tag numbers a block.
    let block = Swift.max(step, (size / Self.mostBlocks / elementSize + 1) * elementSize)
    blocks = stride(from: 0, to: size, by: block).map { $0..<Swift.min($0 + block, size) }
  }

  private static let mostBlocks = 8192

  private static func tag(_ block: Int, isWhole: Bool) -> Int {
    block + (isWhole ? mostBlocks : 0)
  }

  deinit {
    // A message may still be on its way from or to this memory.
    guard !isUnderway else { return }
    let all = (own + [partial, whole]).compactMap(\.baseAddress)
    for memory in Set(all) { memory.deallocate() }
  }

  /// The shares that a rank has: a run of them, as many as the others or one more or less.
  public static func shares(of rank: Int, ranks: Int, shareCount: Int) -> Range<Int> {
    rank * shareCount / ranks..<(rank + 1) * shareCount / ranks
  }

  /// Where the elements of one of this rank's shares go before the sum.
  public func elements(of share: Int) -> UnsafeMutableRawBufferPointer {
    let memory = own[share - shares.lowerBound]
    return UnsafeMutableRawBufferPointer(rebasing: memory[..<(count * elementSize)])
  }

  /// Adds up the first `present` shares of all ranks.
  ///
  /// Blocks travel as soon as they are there, from the last to the first where all are.
  ///
  /// - Parameters:
  ///   - present: at least 1; the shares after those are left out.
  ///   - note: what this rank adds to the number after the elements.
  ///   - isReady: whether these elements of this rank's shares are there; default: all are.
  /// - Returns: the elements, which stay until the next sum, and the number.
  /// - Throws: `RankError`; what `isReady` throws. Then no other sum can follow.
  public func sum(
    present: Int, note: Double = 0, isReady: (Range<Int>) throws -> Bool = { _ in true }
  ) throws -> (elements: UnsafeRawBufferPointer, note: Double) {
    let (rank, size) = (collective.rank, collective.size)
    let isLast = rank == size - 1
    let next = (rank + 1) % size
    let before = (rank + size - 1) % size
    var sent: [any Message] = []
    func send(_ block: Int, of memory: UnsafeMutableRawBufferPointer, isWhole: Bool) throws {
      sent.append(
        try collective.send(
          UnsafeRawBufferPointer(rebasing: memory[blocks[block]]), to: next,
          tag: Self.tag(block, isWhole: isWhole)))
    }
    func receive(_ block: Int, into memory: UnsafeMutableRawBufferPointer, isWhole: Bool) throws
      -> any Message
    {
      try collective.receive(
        into: UnsafeMutableRawBufferPointer(rebasing: memory[blocks[block]]), from: before,
        tag: Self.tag(block, isWhole: isWhole))
    }
    guard !isUnderway else {
      throw RankError("the exchange before has failed, and none can follow")
    }
    isUnderway = true
    // Rank 0 only receives the whole sum; others first the sum so far and then, except the last, the whole one.
    let order = blocks.indices.reversed()
    var partials: [(block: Int, message: (any Message)?)] = try order.map { block in
      (block, rank == 0 ? nil : try receive(block, into: partial, isWhole: false))
    }
    let messages =
      isLast
      ? [:]
      : Dictionary(
        uniqueKeysWithValues: try order.map { ($0, try receive($0, into: whole, isWhole: true)) })
    // What this rank has added to comes back in the same order.
    var wholes: [(block: Int, message: (any Message)?)] = []
    var waiting = Waiting(for: before, patience: collective.patience)
    while !partials.isEmpty || !wholes.isEmpty {
      var isComputing = false
      let added = try Self.take(&partials) { block in
        let isReady = try isReady(elementRange(ofBlock: block))
        if !isReady { isComputing = true }
        return isReady
      }
      for block in added {
        add(block, present: present, note: note)
        if size > 1 { try send(block, of: partial, isWhole: isLast) }
        if !isLast { wholes.append((block, messages[block])) }
      }
      let arrived = try Self.take(&wholes) { _ in true }
      if next != size - 1 { for block in arrived { try send(block, of: whole, isWhole: true) } }
      if !added.isEmpty || !arrived.isEmpty {
        waiting.reset()
      } else if isComputing {
        waiting.passWhileComputing()
      } else {
        try waiting.pass()
      }
    }
    for message in sent { try collective.wait(for: message, with: next) }
    isUnderway = false
    let number = whole.baseAddress! + count * elementSize
    return (
      UnsafeRawBufferPointer(rebasing: whole[..<(count * elementSize)]),
      elementSize == 4
        ? Double(number.load(as: Float.self)) : number.load(as: Double.self)
    )
  }

  /// How many messages are asked for at a time: more than overtake one another.
  private static let lookahead = 8

  /// Takes those blocks out of `pending` for which `condition` holds, of these as many as have arrived among the next
  /// few; without a message, nothing has to arrive.
  private static func take(
    _ pending: inout [(block: Int, message: (any Message)?)],
    where condition: (Int) throws -> Bool
  ) throws -> [Int] {
    var (taken, asked) = ([Int](), 0)
    try pending.removeAll { block, message in
      guard asked < lookahead, try condition(block) else { return false }
      if let message {
        asked += 1
        guard try message.isDone() else { return false }
      }
      taken.append(block)
      return true
    }
    return taken
  }

  /// The elements of a block, without the number after them.
  private func elementRange(ofBlock block: Int) -> Range<Int> {
    let bytes = blocks[block]
    let end = Swift.min(bytes.upperBound / elementSize, count)
    return Swift.min(bytes.lowerBound / elementSize, end)..<end
  }

  /// Adds this rank's shares to a block of the sum so far, where share 0 lies already.
  private func add(_ block: Int, present: Int, note: Double) {
    let range = elementRange(ofBlock: block)
    let elements = range.lowerBound * elementSize..<range.upperBound * elementSize
    for share in shares where (1..<present).contains(share) && !elements.isEmpty {
      let addend = UnsafeRawBufferPointer(rebasing: own[share - shares.lowerBound][elements])
      let target = UnsafeMutableRawBufferPointer(rebasing: partial[elements])
      if elementSize == 4 {
        Self.add(addend.bindMemory(to: Float.self), to: target.bindMemory(to: Float.self))
      } else {
        Self.add(addend.bindMemory(to: Double.self), to: target.bindMemory(to: Double.self))
      }
    }
    guard blocks[block].upperBound > count * elementSize else { return }
    let number = partial.baseAddress! + count * elementSize
    if elementSize == 4 {
      let before = collective.rank == 0 ? 0 : number.load(as: Float.self)
      number.storeBytes(of: before + Float(note), as: Float.self)
    } else {
      let before = collective.rank == 0 ? 0 : number.load(as: Double.self)
      number.storeBytes(of: before + note, as: Double.self)
    }
  }

  private static func add(
    _ addend: UnsafeBufferPointer<Float>, to sum: UnsafeMutableBufferPointer<Float>
  ) {
    for i in sum.indices { sum[i] += addend[i] }
  }

  private static func add(
    _ addend: UnsafeBufferPointer<Double>, to sum: UnsafeMutableBufferPointer<Double>
  ) {
    for i in sum.indices { sum[i] += addend[i] }
  }
}
