import ArgumentParser

/// Where settings stand besides the command line; `SettingsFile` reads them before options are parsed.
struct ConfigOptions: ParsableArguments {
  static let name = "config"

  @Option(
    name: .customLong(name),
    help: ArgumentHelp(
      "Take options from a TOML file, by their long names; those of the command line come first.",
      discussion: """
        For example: batch-size = 100, hidden = [256, 128], no-shuffle = true, optimizer = "adam() / drift()". A run \
        writes such a file beside its results.
        """,
      valueName: "file"), completion: .file(extensions: ["toml"]))
  var path: String?
}
