import FoundationEssentials
import Glibc
import Hypertower
import Testing

/// Whether plots are drawn here.
var hasGnuplot: Bool {
  (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
    access("\($0)/gnuplot", X_OK) == 0
  }
}

/// The results of an experiment without what the clock decides.
func timelessResults(_ path: String) throws -> [String: JSONValue] {
  let text = try Data(contentsOf: URL(filePath: path))
  var members = try #require(try JSONValue(parsing: Array(text), name: path).object)
  #expect(members.removeValue(forKey: "started")?.string != nil)
  #expect(members.removeValue(forKey: "seconds")?.double != nil)
  return members
}
