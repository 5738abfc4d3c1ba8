/// The program's version; the Makefile has it too, for the name of the distribution.
enum Version {
  static let text = "0.1.0"
}
