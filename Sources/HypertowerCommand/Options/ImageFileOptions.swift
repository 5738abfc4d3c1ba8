import ArgumentParser
import Datasets

/// Which shape image files get.
struct ImageFileOptions: ParsableArguments {
  @Option(
    name: .customLong("image-size"),
    help: ArgumentHelp(
      "Stretch images to a size of columns by rows, such as 32x32; default: they all have one size.",
      valueName: "size"),
    transform: { try size($0) })
  var size: Size?

  @Option(
    name: .customLong("image-channels"),
    help: ArgumentHelp(
      "1 makes images grey, 3 gives them colours; default: 1 if all are grey, else 3.",
      valueName: "1|3"))
  var channels: Int?

  struct Size {
    let width: Int
    let height: Int
  }

  /// The options that were given, in their order.
  var given: [String] { options.given }

  var options: ImageOptions {
    ImageOptions(height: size?.height, width: size?.width, channels: channels)
  }

  func validate() throws {
    guard channels.map([1, 3].contains) ?? true else {
      throw ValidationError("--image-channels \(channels!) is out of range: it must be 1 or 3")
    }
  }

  private static func size(_ text: String) throws -> Size {
    let sides = text.split(separator: /[x×]/, omittingEmptySubsequences: false).map { Int($0) }
    guard (1...2).contains(sides.count), let width = sides[0], let height = sides[sides.count - 1],
      1...4096 ~= width, 1...4096 ~= height
    else {
      throw ValidationError(
        "--image-size '\(text)' is no size: give columns by rows, each in 1...4096, as in 32x32")
    }
    return Size(width: width, height: height)
  }
}

extension ImageOptions {
  /// The options that differ from the defaults.
  var given: [String] {
    [("--image-size", height != nil), ("--image-channels", channels != nil)].filter(\.1).map(\.0)
  }
}
