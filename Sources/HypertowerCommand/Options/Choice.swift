import ArgumentParser

/// The case of an enumeration that is called `name`.
///
/// - Throws: `ValidationError` that lists the names.
func choice<Choice: RawRepresentable & CaseIterable>(
  _ name: String
) throws -> Choice where Choice.RawValue == String {
  guard let choice = Choice(rawValue: name) else {
    let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
    throw ValidationError("'\(name)' is not known; known are \(names)")
  }
  return choice
}
