import Hypertower

/// Which shares of the samples are held back to measure a model on.
public struct Split: Sendable, Equatable {
  /// The share that is measured on while a model is trained, between 0 and 1; nil: none.
  public let validation: Double?
  /// The share that is tested on in the end, between 0 and 1; nil: none.
  public let test: Double?
  /// What decides which samples these are.
  public let seed: UInt64

  /// Stops the program if a share is out of range, or both together leave nothing.
  ///
  /// - Parameters:
  ///   - validation: default: none.
  ///   - test: default: none.
  ///   - seed: default: 0.
  public init(validation: Double? = nil, test: Double? = nil, seed: UInt64 = 0) {
    require(
      [validation, test].allSatisfy { $0.map(Self.isShare) ?? true }
        && (validation ?? 0) + (test ?? 0) < 1,
      "Split: shares \(validation ?? 0) and \(test ?? 0)")
    self.validation = validation
    self.test = test
    self.seed = seed
  }

  /// Whether `value` is a share that leaves something on both sides.
  package static func isShare(_ value: Double) -> Bool { value > 0 && value < 1 }

  /// Checks that shares stand for parts that the data lack.
  ///
  /// - Throws: `InputError(.usage)`.
  func check(hasValidation: Bool, hasTest: Bool, _ name: String) throws {
    for (option, share, isThere) in [
      ("--validation", validation, hasValidation), ("--test", test, hasTest),
    ] where share != nil && isThere {
      throw InputError(
        .usage,
        "\(name): there is \(option.dropFirst(2)) data already, of which \(option) would hold back more: leave "
          + "\(option) out")
    }
  }

  /// The numbers of samples in each part, in ascending order.
  struct Parts {
    var train: [Int]
    var validation: [Int]?
    var test: [Int]?
  }

  /// The numbers of the samples `0..<count` in each part.
  ///
  /// Every class has its share of each part as exactly as whole numbers allow. Classes of a single sample are held
  /// back last.
  ///
  /// - Parameters:
  ///   - count: the number of samples.
  ///   - labels: the class of each; nil: there are no classes.
  /// - Throws: `InputError` of kind `.usage` if a part is empty.
  func parts(count: Int, labels: [Int32]?) throws -> Parts {
    var strata = Self.strata(count: count, labels: labels)
    func take(_ share: Double?, _ option: String, _ seed: UInt64) throws -> [Int]? {
      guard let share else { return nil }
      let wanted = Int((share * Double(count)).rounded())
      guard 0 < wanted, wanted < strata.reduce(0, { $0 + $1.count }) else {
        let all = wanted > 0
        throw InputError(
          .usage,
          "\(option) \(share) holds back \(all ? "all" : "none") of the \(count) training samples: "
            + (count < 2
              ? "there are too few to hold any back"
              : "give a \(all ? "smaller" : "greater") share"))
      }
      let quotas = Self.quotas(wanted, of: strata.map(\.count), seed: seed)
      var taken: [Int] = []
      for (stratum, quota) in quotas.enumerated() where quota > 0 {
        let members = strata[stratum]
        let order = IndexPermutation(count: members.count)
        var isTaken = [Bool](repeating: false, count: members.count)
        for position in 0..<quota { isTaken[order(position, epoch: stratum, seed: seed)] = true }
        taken += members.indices.filter { isTaken[$0] }.map { members[$0] }
        strata[stratum] = members.indices.filter { !isTaken[$0] }.map { members[$0] }
      }
      return taken.sorted()
    }
    let test = try take(test, "--test", seed &+ 0x7465_7374)
    let validation = try take(validation, "--validation", seed &+ 0x7661_6C69_6461_7465)
    return Parts(train: strata.joined().sorted(), validation: validation, test: test)
  }

  /// The numbers of the samples of each class.
  private static func strata(count: Int, labels: [Int32]?) -> [[Int]] {
    guard let labels else { return [Array(0..<count)] }
    var strata: [Int32: [Int]] = [:]
    for (sample, label) in labels.enumerated() { strata[label, default: []].append(sample) }
    return strata.sorted { $0.key < $1.key }.map(\.value)
  }

  /// How many samples of each stratum are taken, `wanted` in all: the whole part of its share, and one more of those
  /// with the greatest remainders.
  private static func quotas(_ wanted: Int, of counts: [Int], seed: UInt64) -> [Int] {
    let share = Double(wanted) / Double(counts.reduce(0, +))
    var quotas = counts.map { Int(share * Double($0)) }
    let order = IndexPermutation(count: counts.count)
    // Equal remainders in a pseudo-random order, so that they do not all come from the first classes.
    let ranked = counts.indices.map { stratum in
      let leavesOne = quotas[stratum] + 1 < counts[stratum]
      let remainder = share * Double(counts[stratum]) - Double(quotas[stratum])
      return (stratum, leavesOne ? 0 : 1, -remainder, order(stratum, epoch: 0, seed: seed))
    }.sorted { ($0.1, $0.2, $0.3) < ($1.1, $1.2, $1.3) }
    var rest = wanted - quotas.reduce(0, +)
    for (stratum, _, _, _) in ranked where rest > 0 && quotas[stratum] < counts[stratum] {
      quotas[stratum] += 1
      rest -= 1
    }
    return quotas
  }
}

extension Dataset {
  /// The parts of the samples, in the order that they have here.
  ///
  /// - Throws: `InputError` of kind `.usage` if a part is empty; `.badData` if labels in a file cannot be read.
  func parts(_ split: Split) throws -> (train: Dataset, validation: Dataset?, test: Dataset?) {
    guard split.validation != nil || split.test != nil else { return (self, nil, nil) }
    let parts = try split.parts(count: count, labels: try labels())
    return (subset(parts.train), parts.validation.map(subset), parts.test.map(subset))
  }

  /// The class of each sample; nil if there are none.
  package func labels() throws -> [Int32]? {
    switch targets {
    case .classes(let labels, _): labels
    case .mappedClasses: try targetRows.floats(of: 0..<count).map { Int32($0) }
    case .values, .mappedValues, .nextTokens: nil
    }
  }
}
