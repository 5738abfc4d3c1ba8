import ArgumentParser

/// What `make install` calls.
struct ManualCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manual", abstract: "Prints the manual page, for man.", shouldDisplay: false)

  func run() throws { try Console.write(ManualPage.text()) }
}
