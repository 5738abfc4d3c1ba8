import Datasets
import Hypertower

/// The part of a report that shows how a classifier does: its confusion matrix, and the samples that it does worst.
struct ClassReport {
  let samples: ClassifiedSamples
  /// What the samples are.
  let measure: Measure
  /// The shape of a sample; if it is that of an image, the worst are shown.
  let shape: [Int]

  /// `test` or `validation`.
  private var name: String { measure.name }

  /// What a class is called.
  private func className(_ label: Int) -> String {
    HTML.escaped(measure.encoding?.className(label) ?? "\(label)")
  }

  /// More classes than this have too large a matrix to read.
  private static let mostClasses = 30
  private static let mostPairs = 30

  var sections: [String] {
    [HTML.section("Confusion of the \(name) samples", confusion), mistakes].compactMap { $0 }
  }

  private var confusion: String {
    guard samples.classCount <= Self.mostClasses else { return pairs }
    let classes = 0..<samples.classCount
    let head =
      "<tr><th></th>" + classes.map { "<th>\(className($0))</th>" }.joined() + "<th>right</th></tr>"
    let rows = classes.map { label in
      let row = classes.map { samples.confusion[.init(label: label, guess: $0), default: 0] }
      let count = row.reduce(0, +)
      let cells = row.enumerated().map { guess, own -> String in
        guard own > 0 else { return "<td></td>" }
        let share = Double(own) / Double(count)
        let (colour, strength) =
          guess == label ? ("right", 0.35 * share) : ("heat", 0.2 + 0.6 * share)
        return
          "<td style=\"background:rgba(var(--\(colour)), \(formatted("%.2f", strength)))\">\(own)</td>"
      }
      let right =
        count == 0 ? "" : formatted("%.1f", 100 * Double(row[label]) / Double(count)) + " %"
      return "<tr><th>\(className(label))</th>\(cells.joined())<td>\(right)</td></tr>"
    }
    return
      "<p class=\"note\">A row for each class, a column for each class that samples were taken for.</p>\n"
      + "<div class=\"scroll\"><table class=\"matrix\">\n\(([head] + rows).joined(separator: "\n"))\n</table></div>"
  }

  /// Of many classes, those that are confused most.
  private var pairs: String {
    let rows = samples.confusedPairs.prefix(Self.mostPairs).map {
      "<tr><td>\(className($0.label))</td><td>\(className($0.guess))</td><td>\($0.count)</td></tr>"
    }
    return
      "<p class=\"note\">Of \(samples.classCount) classes, those that are confused most often.</p>\n"
      + "<table class=\"matrix\">\n<tr><th>class</th><th>taken for</th><th>samples</th></tr>\n"
      + rows.joined(separator: "\n") + "\n</table>"
  }

  private var mistakes: String? {
    guard !samples.worst.isEmpty, hasPictures else { return nil }
    let figures = samples.worst.map { mistake in
      let caption =
        "no. \(mistake.sample): \(className(mistake.label)), taken for \(className(mistake.guess))<br>"
        + "p(\(className(mistake.label))) = "
        + formatted("%.2g", mistake.probability)
      let image =
        "<img alt=\"sample \(mistake.sample)\" src=\"\(picture(of: mistake.sample).dataURL)\">"
      return "<figure>\(image)<figcaption>\(caption)</figcaption></figure>"
    }
    return HTML.section(
      "The \(name) samples that are classified worst",
      "<p class=\"note\">Those whose own class the network finds least likely, numbered from 0.</p>\n"
        + "<div class=\"samples\">\n\(figures.joined(separator: "\n"))\n</div>")
  }

  private var channels: Int { shape.count == 3 ? shape[0] : 1 }

  /// Whether samples are images of one or three channels.
  private var hasPictures: Bool {
    (shape.count == 2 || shape.count == 3) && (channels == 1 || channels == 3)
  }

  private func picture(of sample: Int) -> PNGImage {
    let (height, width) = (shape[shape.count - 2], shape[shape.count - 1])
    let values = measure.data.features(of: sample..<sample + 1)
    let finite = values.filter(\.isFinite)
    // Other numbers than those of pixels are stretched to black and white.
    var (low, high) = (min(0, finite.min() ?? 0), max(1, finite.max() ?? 1))
    if low < 0 || high > 1 { (low, high) = (finite.min() ?? 0, finite.max() ?? 1) }
    let extent = high > low ? high - low : 1
    let bytes = values.map { value in
      value.isFinite ? UInt8((255 * min(max((value - low) / extent, 0), 1)).rounded()) : 0
    }
    let size = height * width
    let pixels =
      channels == 1
      ? bytes : (0..<size).flatMap { pixel in (0..<3).map { bytes[$0 * size + pixel] } }
    return PNGImage(width: width, height: height, pixels: pixels)
  }
}
