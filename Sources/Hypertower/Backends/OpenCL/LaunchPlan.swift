/// Which work a device does in one launch.
///
/// Work runs in the first launch in which all that it needs is there. Side by side in a launch, in
/// *branches*, is work that does not touch what the others write. One after another in a branch is
/// work that is cut into rows: row r of a layer's outputs needs only row r of what came before, so
/// that one work-group takes a block of rows through several layers, while they lie in its cache.
struct LaunchPlan {
  struct Branch {
    /// Numbers of works, in their order.
    var works: [Int]
    /// The number of rows that the works are cut into, if they can be.
    let rowCount: Int?
  }

  private(set) var launches: [[Branch]] = []
  /// Whether launches hold more than one work.
  let fuses: Bool
  private let works: [DeviceWork]
  private let profile: DeviceProfile
  private var places: [(launch: Int, branch: Int)] = []

  /// - Parameter fuses: whether launches hold more than one work.
  init(_ works: [DeviceWork], fuses: Bool, _ profile: DeviceProfile) {
    self.fuses = fuses
    self.works = works
    self.profile = profile
    for work in works.indices {
      if fuses {
        place(work)
      } else {
        launches.append([Branch(works: [work], rowCount: nil)])
      }
    }
  }

  private mutating func place(_ work: Int) {
    var earliest = 0
    // Branches whose rows `work` goes on with.
    var continued: [(launch: Int, branch: Int)] = []
    for other in 0..<work {
      switch dependence(of: work, on: other) {
      case .none: continue
      case .rowByRow:
        earliest = Swift.max(earliest, places[other].launch)
        continued.append(places[other])
      case .whole: earliest = Swift.max(earliest, places[other].launch + 1)
      }
    }
    let branches = Set(continued.filter { $0.launch == earliest }.map(\.branch)).sorted()
    if let first = branches.first {
      join(branches, ofLaunch: earliest)
      launches[earliest][first].works.append(work)
      places.append((earliest, first))
    } else {
      while earliest < launches.count, !canRun(work, besides: launches[earliest]) { earliest += 1 }
      if earliest == launches.count { launches.append([]) }
      launches[earliest].append(
        Branch(works: [work], rowCount: isCut(work) ? works[work].rowCount : nil))
      places.append((earliest, launches[earliest].count - 1))
    }
  }

  /// Makes several branches of a launch one; the others stay behind empty.
  private mutating func join(_ branches: [Int], ofLaunch launch: Int) {
    for branch in branches.dropFirst() {
      launches[launch][branches[0]].works += launches[launch][branch].works
      launches[launch][branch].works = []
      for work in places.indices where places[work] == (launch, branch) {
        places[work].branch = branches[0]
      }
    }
    launches[launch][branches[0]].works.sort()
  }

  /// Whether the work may run in one kernel with others: only where work-groups have one work-item,
  /// for some drivers miscompile barriers that not all work-groups come to.
  private func canRun(_ work: Int, besides branches: [Branch]) -> Bool {
    func isSingle(_ work: Int) -> Bool { works[work].localSize(profile) == 1 }
    return branches.isEmpty
      || isSingle(work) && branches.allSatisfy { $0.works.allSatisfy(isSingle) }
  }

  private enum Dependence { case none, rowByRow, whole }

  private func dependence(of work: Int, on other: Int) -> Dependence {
    var result = Dependence.none
    let canContinue =
      isCut(work) && isCut(other) && works[work].rowCount == works[other].rowCount
    for a in works[work].accesses {
      for b in works[other].accesses where a.conflicts(with: b) {
        guard canContinue, a.isAligned(with: b) else { return .whole }
        result = .rowByRow
      }
    }
    return result
  }

  /// Whether it pays to cut the work into blocks of rows.
  private func isCut(_ work: Int) -> Bool {
    guard profile.cutsRows, let rows = works[work].rowCount,
      rows >= 2 * profile.computeUnits * DeviceProfile.leastTileRows
    else { return false }
    // Every block of rows reads the whole right operand: it must stay in a cache.
    if case .product(let product, _) = works[work].kind {
      return product.inner * product.columns <= DeviceProfile.largestSharedOperand
    }
    return true
  }
}
