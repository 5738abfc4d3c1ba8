/// The program's version; the Makefile has it too, for the name of the distribution.
enum Version {
  static let text = "0.1.0"
  /// When it was begun, for the manual page.
  static let day = "2026-11-30"
}
