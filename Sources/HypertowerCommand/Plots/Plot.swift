import Glibc
import Hypertower

/// A picture that gnuplot draws: its data, and the commands that draw them.
struct Plot {
  /// What its files are called: `NAME.tsv`, `NAME.gnuplot`, `NAME.svg`, `NAME.png`.
  let name: String
  let title: String
  /// The data, as tab-separated columns.
  let data: [PlotBlock]
  /// The width and the height of the SVG file in pixels; the PNG file has twice as many.
  var size = (width: 900, height: 560)
  /// gnuplot's commands from the labels of the axes on; `data` names the file of data.
  let commands: String

  /// The colours of lines, which people tell apart whatever colours their eyes see.
  ///
  /// M. Okabe and K. Ito, "Color Universal Design" (2008).
  static let colours = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999",
  ]

  /// The colour of line number `index`.
  static func colour(_ index: Int) -> String { colours[index % colours.count] }

  /// The colours of a scale from dark to light, as evenly spaced as the eye has it: those of viridis,
  /// by S. van der Walt and N. Smith (2015).
  private static let gradient: [(Double, Double, Double)] = [
    (68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37),
  ]

  /// The same as a palette of gnuplot's.
  static var palette: String {
    gradient.enumerated().map { "\($0.offset) '\(hexadecimal($0.element))'" }
      .joined(separator: ", ")
  }

  /// The colour at a place of the scale, in 0...1.
  static func gradientColour(_ place: Double) -> String {
    let position = place * Double(gradient.count - 1)
    let index = min(Int(position), gradient.count - 2)
    let (from, to, share) = (gradient[index], gradient[index + 1], position - Double(index))
    return hexadecimal(
      (
        from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share,
        from.2 + (to.2 - from.2) * share
      ))
  }

  private static func hexadecimal(_ colour: (Double, Double, Double)) -> String {
    let value = Int(colour.0) << 16 | Int(colour.1) << 8 | Int(colour.2)
    return "#" + String(String(0x100_0000 | value, radix: 16).dropFirst())
  }

  /// The text as a string of gnuplot's.
  static func quoted(_ text: String) -> String {
    "'" + text.replacing("'", with: "''") + "'"
  }

  /// Whether there is anything to draw.
  var hasPoints: Bool { data.contains(where: \.hasPoints) }

  /// The line of a script by which a plot's files are known to be this program's.
  private static func note(_ name: String) -> String {
    "# Draws \(name).svg and \(name).png from \(name).tsv: gnuplot \(name).gnuplot"
  }

  /// What the names of a plot's files end in.
  private static let suffixes = ["gnuplot", "tsv", "svg", "png"]

  /// Whether a plot of that name writes a file so called.
  static func isFile(_ file: String, of name: String) -> Bool {
    suffixes.contains { file == "\(name).\($0)" }
  }

  /// Lets only files of an earlier plot of that name be replaced.
  ///
  /// - Parameter option: the option that names the folder.
  /// - Returns: the warning that there is such a plot; nil if there is none.
  /// - Throws: `InputError(.cannotWrite)`; `Failure(.usage)` if standard output goes to one of the
  ///   files.
  static func checkPlace(_ name: String, in folder: String, option: String) throws -> String? {
    let paths = suffixes.map { "\(folder)/\(name).\($0)" }
    for path in paths {
      if OpenFile.standardDescriptor(at: path) != nil {
        throw Failure(
          .usage, "\(path): the program's own output goes there, where \(option) writes a plot")
      }
      // A link would not be followed, but replaced by a picture.
      try ExistingFile.checkIsWritable(path, option: option, followsLinks: false)
    }
    let description = "an earlier plot"
    let warning = try ExistingFile.check(paths[0], description, option: option) { bytes in
      String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains { $0 == note(name) }
    }
    // The other files belong to the script, if it is ours.
    if warning == nil {
      for path in paths.dropFirst() {
        _ = try ExistingFile.check(path, description, option: option) { _ in false }
      }
    }
    return warning
  }

  /// Writes the data and the script into a folder.
  ///
  /// - Throws: `InputError(.cannotWrite)`.
  func write(to folder: String) throws {
    let text = data.map(\.text).joined(separator: "\n\n\n") + "\n"
    try AtomicFile.write(Array(text.utf8), to: "\(folder)/\(name).tsv")
    try AtomicFile.write(Array(script.utf8), to: "\(folder)/\(name).gnuplot")
  }

  private var script: String {
    """
    # \(title)
    \(Self.note(name))

    reset
    data = '\(name).tsv'
    set datafile separator tab
    set datafile missing '?'
    set encoding utf8
    set key spacing 1.2
    set border 3 linecolor rgb '#555555'
    set tics nomirror
    set grid linecolor rgb '#dddddd' linewidth 1
    set title \(Self.quoted(title)) noenhanced

    do for [format in 'svg png'] {
      if (format eq 'svg') {
        set terminal svg size \(size.width),\(size.height) font 'sans-serif,14' background 'white'
      } else {
        set terminal pngcairo size \(2 * size.width),\(2 * size.height) font 'Sans,21' linewidth 2 pointscale 2
      }
      set output '\(name).'.format
    \(commands.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }.joined(separator: "\n"))
    }
    set output

    """
  }
}
