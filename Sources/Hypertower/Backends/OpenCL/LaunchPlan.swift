/// Which work a device does in one launch.
///
/// Work runs in the first launch in which all that it needs is there. Side by side in a launch, in
/// *branches*, is work that does not touch what the others write. One after another in a branch is
/// work that is cut into rows: row r of a layer's outputs needs only row r of what came before, so
/// that one work-group takes a block of rows through several layers, while they lie in its cache.
/// Small works that need one another are a branch, too, where a work-group has one work-item: one
/// work-group does them all. A launch whose kernel would take more arguments than the device supports
/// is split.
struct LaunchPlan {
  struct Branch {
    /// Numbers of works, in their order.
    var works: [Int]
    /// Whether one work-group does all of them.
    var isSerial = false
  }

  private(set) var launches: [[Branch]] = []
  /// Whether launches hold more than one work.
  let fuses: Bool
  private let works: [DeviceWork]
  private let profile: DeviceProfile
  private var places: [(launch: Int, branch: Int)] = []
  /// What the works of each launch need as arguments of its kernel.
  private var arguments: [(buffers: Set<Int>, others: Int)] = []

  /// - Parameter fuses: whether launches hold more than one work.
  init(_ works: [DeviceWork], fuses: Bool, _ profile: DeviceProfile) {
    self.fuses = fuses
    self.works = works
    self.profile = profile
    for work in works.indices {
      if fuses {
        place(work)
      } else {
        launches.append([Branch(works: [work])])
      }
    }
  }

  /// Whether the first launch, which brings a batch, say, may run beside the last one of the replay
  /// before.
  var canBeginAhead: Bool {
    let (first, last) = (accesses(launches.first), accesses(launches.last))
    return launches.count > 1
      && !first.contains { own in last.contains { own.conflicts(with: $0) } }
  }

  /// The buffers in use during each launch, with those that it works with ahead.
  var buffersInUse: [[Int]] {
    var buffers = launches.map { accesses($0).map(\.buffer) }
    if canBeginAhead { buffers[buffers.count - 1] += buffers[0] }
    return buffers
  }

  private func accesses(_ branches: [Branch]?) -> [MemoryAccess] {
    (branches ?? []).flatMap(\.works).flatMap { works[$0].accesses }
  }

  private mutating func place(_ work: Int) {
    var earliest = 0
    // Branches whose rows `work` goes on with, and those that it needs whole.
    var continued: [(launch: Int, branch: Int)] = []
    var needed: [(launch: Int, branch: Int)] = []
    for other in 0..<work {
      switch dependence(of: work, on: other) {
      case .none: continue
      case .rowByRow where !isSerial(places[other]):
        earliest = Swift.max(earliest, places[other].launch)
        continued.append(places[other])
      case .rowByRow, .whole:
        earliest = Swift.max(earliest, places[other].launch + 1)
        needed.append(places[other])
      }
    }
    if joinSerially(work, needed + continued, before: earliest) { return }
    let branches = Set(continued.filter { $0.launch == earliest }.map(\.branch)).sorted()
    if let first = branches.first, hasArguments(for: work, launch: earliest) {
      join(branches, ofLaunch: earliest)
      put(work, in: first, ofLaunch: earliest)
      return
    }
    if !branches.isEmpty { earliest += 1 }
    while earliest < launches.count,
      !canRun(work, besides: launches[earliest]) || !hasArguments(for: work, launch: earliest)
    { earliest += 1 }
    if earliest == launches.count {
      launches.append([])
      arguments.append(([], 0))
    }
    launches[earliest].append(Branch(works: []))
    put(work, in: launches[earliest].count - 1, ofLaunch: earliest)
  }

  private mutating func put(_ work: Int, in branch: Int, ofLaunch launch: Int) {
    launches[launch][branch].works.append(work)
    places.append((launch, branch))
    arguments[launch].buffers.formUnion(works[work].buffers)
    arguments[launch].others += works[work].otherArgumentCount
  }

  /// Whether the kernel of a launch can take the arguments of one more work.
  private func hasArguments(for work: Int, launch: Int) -> Bool {
    arguments[launch].buffers.union(works[work].buffers).count + arguments[launch].others
      + works[work].otherArgumentCount <= profile.mostArguments
  }

  private func isSerial(_ place: (launch: Int, branch: Int)) -> Bool {
    launches[place.launch][place.branch].isSerial
  }

  /// Lets the work-group that does what `work` needs do it as well, if all of that is small, in the
  /// launch before number `earliest`; returns whether it does.
  private mutating func joinSerially(
    _ work: Int, _ needed: [(launch: Int, branch: Int)], before earliest: Int
  ) -> Bool {
    let launch = earliest - 1
    let branches = Set(needed.filter { $0.launch == launch }.map(\.branch)).sorted()
    guard profile.cutsRows, profile.groupSize == 1, let first = branches.first,
      !needed.contains(where: { $0.launch > launch }), hasArguments(for: work, launch: launch)
    else { return false }
    let all = branches.flatMap { launches[launch][$0].works } + [work]
    let counts = all.map { works[$0].elementCount ?? .max }
    guard counts.allSatisfy({ $0 <= Self.mostSerialElements }),
      counts.reduce(0, +) <= Self.mostSerialElements
    else { return false }
    join(branches, ofLaunch: launch)
    put(work, in: first, ofLaunch: launch)
    launches[launch][first].isSerial = true
    return true
  }

  /// So few elements that one work-group goes through them while others do a share of a product.
  private static let mostSerialElements = 1 << 16

  /// Makes several branches of a launch one; the others stay behind empty.
  private mutating func join(_ branches: [Int], ofLaunch launch: Int) {
    for branch in branches.dropFirst() {
      launches[launch][branches[0]].works += launches[launch][branch].works
      if launches[launch][branch].isSerial { launches[launch][branches[0]].isSerial = true }
      launches[launch][branch].works = []
      for work in places.indices where places[work] == (launch, branch) {
        places[work].branch = branches[0]
      }
    }
    launches[launch][branches[0]].works.sort()
  }

  /// Whether the work may run in one kernel with others: where work-groups have one work-item, or
  /// barriers that not all work-groups come to are well. Loops run beside loops alone: a share of one takes so long
  /// that drivers, which hand out many shares at a time, would keep a core waiting.
  private func canRun(_ work: Int, besides branches: [Branch]) -> Bool {
    let isLoop = works[work].isRowLoop
    guard
      profile.groupSize > 1
        || branches.allSatisfy({ $0.works.allSatisfy { works[$0].isRowLoop == isLoop } })
    else { return false }
    func size(_ work: Int) -> Int? { works[work].localSize(profile) }
    guard let own = size(work) else { return branches.isEmpty }
    return branches.isEmpty
      || (own == 1 || profile.mergesBarriers)
        && branches.allSatisfy { $0.works.allSatisfy { size($0) == own } }
  }

  private enum Dependence { case none, rowByRow, whole }

  private func dependence(of work: Int, on other: Int) -> Dependence {
    var result = Dependence.none
    let canContinue =
      works[work].isCut(profile) && works[other].isCut(profile)
      && works[work].rowCount == works[other].rowCount
    for a in works[work].accesses {
      for b in works[other].accesses where a.conflicts(with: b) {
        guard canContinue, a.isAligned(with: b) else { return .whole }
        result = .rowByRow
      }
    }
    return result
  }
}
