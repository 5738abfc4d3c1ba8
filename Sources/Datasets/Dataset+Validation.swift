import Hypertower

extension Dataset {
  /// The samples without a share of them, and that share, both in the order that they have here.
  ///
  /// Which samples are held back depends only on the share and the number of samples, so that every
  /// run with the same files and share has the same, whatever its seed.
  ///
  /// - Throws: `InputError` of kind `.usage` if one of the two is empty.
  func holdingBack(_ share: Double) throws -> (rest: Dataset, heldBack: Dataset) {
    let heldBackCount = Int((share * Double(count)).rounded())
    guard 0 < heldBackCount, heldBackCount < count else {
      let all = heldBackCount > 0
      throw InputError(
        .usage,
        "--validation \(share) holds back \(all ? "all" : "none") of the \(count) training samples: "
          + (count < 2
            ? "there are too few to hold any back"
            : "give a \(all ? "smaller" : "greater") share"))
    }
    let order = IndexPermutation(count: count)
    var isHeldBack = [Bool](repeating: false, count: count)
    for position in 0..<heldBackCount {
      isHeldBack[order(position, epoch: 0, seed: 0x7661_6C69_6461_7465)] = true
    }
    return (
      subset((0..<count).filter { !isHeldBack[$0] }), subset((0..<count).filter { isHeldBack[$0] })
    )
  }
}
