import ArgumentParser
import Hypertower

/// A list of whole numbers as it is written on the command line: `256,128`.
struct IntegerList {
  let values: [Int]

  init(_ values: [Int]) { self.values = values }

  /// The numbers of `text`, each of which must lie in `range`.
  ///
  /// - Throws: `ValidationError` that names the part at fault.
  init(_ text: String, in range: ClosedRange<Int>) throws {
    values = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let value = Int(part.trimmed), range.contains(value) else {
        throw ValidationError(
          "'\(part)' is not a whole number in \(range.lowerBound)...\(range.upperBound); "
            + "numbers are separated by commas, as in 2,1")
      }
      return value
    }
  }
}

extension IntegerList: CustomStringConvertible {
  var description: String { values.map(String.init).joined(separator: ",") }
}
