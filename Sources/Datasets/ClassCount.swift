import Hypertower

/// The number of classes of a data set, and what is to be said about it.
struct ClassCount {
  let count: Int
  /// What to tell the user when the number follows from the labels and some classes do not occur.
  let note: String?

  /// - Parameters:
  ///   - given: the number of classes that the user gave; nil: one more than the greatest
  ///   label of `train`, at least 2.
  ///   - least: the number of classes that there are in any case; nil: none is known.
  /// - Throws: `InputError` of kind `.badData` for a label that is out of range.
  init(train: ImagePart, others: [ImagePart], given: Int?, least: Int? = nil) throws {
    if let given {
      count = given
      note = nil
      for part in [train] + others {
        try part.checkLabels(below: given) { needed in
          "\(given) classes were asked for, which are numbered from 0: give --classes \(needed) or "
            + "more"
        }
      }
      return
    }
    let count = max(least ?? 2, train.greatestLabel + 1)
    self.count = count
    let occurring = Set(train.labels).count
    note =
      occurring == count || count == least
      ? nil
      : train.greatestLabel == 0
        ? "\(train.labelFile.name): all labels are 0, and there are at least 2 classes: going on with 2; "
          + "--classes N sets another number"
        : "\(train.labelFile.name): there are \(count) classes, numbered from 0 to the greatest label, "
          + "but only \(occurring) of them \(occurring == 1 ? "occurs" : "occur"); --classes N sets "
          + "another number"
    for other in others {
      try other.checkLabels(below: count) { needed in
        "those of \(train.labelFile.name) lie in 0...\(count - 1); give --classes \(needed) if "
          + "classes to train on are missing there"
      }
    }
  }
}

extension ImagePart {
  fileprivate var greatestLabel: Int { Int(labels.max() ?? 0) }

  /// Throws unless all labels are below `count`, with a reason that is told the number of classes
  /// that the labels need.
  fileprivate func checkLabels(below count: Int, reason: (Int) -> String) throws {
    guard let index = labels.firstIndex(where: { $0 >= count }) else { return }
    throw InputError(
      .badData,
      "\(labelFile.name): label \(index) is \(labels[index]), which is out of range: "
        + reason(greatestLabel + 1))
  }
}
