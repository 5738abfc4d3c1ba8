internal import Collectives

/// Sums that all shards of a batch take in the middle of a step, which each then goes on with.
final class ShardExchange {
  /// A shard that waits for the sum.
  struct Participant {
    let shard: Int
    let program: ShardProgram
    /// The place that it is computed at.
    let place: Int
  }

  private let sum: OrderedSum
  /// The sum on its way to the device.
  private var sent: [any Transfer] = []

  /// - Parameter count: the number of elements.
  init(count: Int, elementSize: Int, _ sharding: Sharding) {
    sum = OrderedSum(
      count: count, elementSize: elementSize, shareCount: sharding.count, over: sharding.collective)
  }

  deinit { for transfer in sent { try? transfer.wait() } }

  /// Adds up what stands before a part, and hands it to the participants.
  ///
  /// - Parameters:
  ///   - participants: this rank's shards.
  ///   - present: the number of shards of all ranks that have samples.
  func run(before part: Int, _ participants: [Participant], present: Int) throws {
    // The sum before lies where this one will.
    try Self.wait(&sent)
    var received: [any Transfer] = []
    defer { for transfer in received { try? transfer.wait() } }
    for own in participants {
      received.append(
        try own.program.receive(
          own.program.parts[part].sum!, place: own.place, into: sum.elements(of: own.shard)))
    }
    try Self.wait(&received)
    let elements = try sum.sum(present: present).elements
    for own in participants {
      sent.append(
        try own.program.send(elements, of: own.program.parts[part].sum!, place: own.place))
    }
  }

  private static func wait(_ transfers: inout [any Transfer]) throws {
    while let next = transfers.last {
      try next.wait()
      transfers.removeLast()
    }
  }
}
