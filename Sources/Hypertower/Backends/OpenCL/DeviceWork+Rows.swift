extension DeviceWork {
  /// Whether it pays to cut the work into blocks of rows.
  func isCut(_ profile: DeviceProfile) -> Bool {
    guard profile.cutsRows, let rows = rowCount else { return false }
    if profile.groupSize > 1 {
      guard let cost = rowCost else { return false }
      return rows >= 2 * profile.computeUnits * DeviceProfile.blockRows
        || cost * DeviceProfile.blockRows <= DeviceProfile.mostBlockCost
    }
    let leastRows = profile.registerTile.rows.lowerBound
    guard rows >= 2 * profile.computeUnits * leastRows else { return false }
    // Every block of rows reads the whole right operand: it must stay in a cache.
    if case .product(let product, _) = kind {
      return product.inner * product.columns <= DeviceProfile.largestSharedOperand
    }
    return true
  }

  /// Whether it is a loop of which work-groups take blocks of rows through all passes.
  var isRowLoop: Bool {
    guard case .rowLoop = kind else { return false }
    return true
  }

  /// Whether row r of a loop's body needs, in each of `count` passes, only row r of what came before: so a work-group
  /// takes a block of rows through all passes and waits for no other.
  static func goRowByRow(_ body: [DeviceWork], count: Int, _ profile: DeviceProfile) -> Bool {
    guard let rows = body.first?.rowCount,
      body.allSatisfy({
        $0.rowCount == rows && $0.localSize(profile) == profile.groupSize && $0.isCut(profile)
      }),
      // One kernel does all of it.
      Set(body.flatMap(\.buffers)).count <= profile.mostArguments
    else { return false }
    let accesses = body.flatMap(\.accesses)
    return accesses.indices.allSatisfy { index in
      accesses[index...].allSatisfy { accesses[index].isAligned(with: $0, passes: count) }
    }
  }
}
