import Glibc

/// Curves over the steps of a run, drawn as an SVG element.
struct LineChart {
  struct Curve {
    /// Empty: it has no entry in the key.
    let name: String
    /// A colour, or a class of the page's style such as `var(--c0)`.
    let colour: String
    let points: [(x: Double, y: Double)]
  }

  let title: String
  let unit: String
  let curves: [Curve]
  /// Whether equal ratios are equally far apart.
  var isLogarithmic = false

  private static let size = (width: 460.0, height: 270.0)
  private static let margin = (left: 80.0, right: 12.0, top: 26.0, bottom: 38.0)

  private var points: [(x: Double, y: Double)] {
    curves.flatMap(\.points).filter { $0.y.isFinite && (!isLogarithmic || $0.y > 0) }
  }

  /// The element; nil if there is nothing to draw.
  var svg: String? {
    guard !points.isEmpty else { return nil }
    let xs = ChartAxis(points.map(\.x), isLogarithmic: false, isTight: true)
    let ys = ChartAxis(points.map(\.y), isLogarithmic: isLogarithmic, isTight: false)
    let (size, margin) = (Self.size, Self.margin)
    func x(_ value: Double) -> String {
      number(margin.left + xs.place(value) * (size.width - margin.left - margin.right))
    }
    func y(_ value: Double) -> String {
      number(
        size.height - margin.bottom - ys.place(value) * (size.height - margin.top - margin.bottom))
    }
    var parts = [
      "<svg viewBox=\"0 0 \(number(size.width)) \(number(size.height))\" role=\"img\" "
        + "aria-label=\"\(HTML.escaped(title))\">",
      "<text class=\"title\" x=\"\(number(margin.left))\" y=\"16\">\(HTML.escaped(title))</text>",
    ]
    let (left, right) = (number(margin.left), number(size.width - margin.right))
    for tick in ys.ticks {
      parts.append("<path class=\"grid\" d=\"M\(left) \(y(tick))H\(right)\"/>")
      parts.append(
        "<text class=\"tick\" text-anchor=\"end\" x=\"\(number(margin.left - 6))\" y=\"\(y(tick))\" "
          + "dy=\"0.35em\">\(ys.text(tick))</text>")
    }
    let bottom = size.height - margin.bottom
    for tick in xs.ticks {
      parts.append(
        "<path class=\"grid\" d=\"M\(x(tick)) \(number(margin.top))V\(number(bottom))\"/>")
      parts.append(
        "<text class=\"tick\" text-anchor=\"middle\" x=\"\(x(tick))\" y=\"\(number(bottom + 15))\">"
          + "\(xs.text(tick))</text>")
    }
    parts.append(
      "<text class=\"tick\" text-anchor=\"middle\" x=\"\(x((xs.range.lowerBound + xs.range.upperBound) / 2))\" "
        + "y=\"\(number(size.height - 6))\">step</text>")
    parts.append(
      "<text class=\"tick\" text-anchor=\"end\" x=\"\(right)\" y=\"16\">\(HTML.escaped(unit))</text>"
    )
    for curve in curves { parts += paths(of: curve, x, y) }
    return parts.joined(separator: "\n") + "\n</svg>" + key
  }

  /// A line where values are finite, and a dot where one stands alone.
  private func paths(
    of curve: Curve, _ x: (Double) -> String, _ y: (Double) -> String
  ) -> [String] {
    let pieces = curve.points.split(omittingEmptySubsequences: true) {
      !$0.y.isFinite || (isLogarithmic && $0.y <= 0)
    }
    return pieces.map { piece in
      guard piece.count > 1 else {
        let point = piece.first!
        return
          "<circle fill=\"\(curve.colour)\" cx=\"\(x(point.x))\" cy=\"\(y(point.y))\" r=\"2.5\"/>"
      }
      let line = piece.map { "\(x($0.x)) \(y($0.y))" }.joined(separator: "L")
      return "<path class=\"curve\" stroke=\"\(curve.colour)\" d=\"M\(line)\"/>"
    }
  }

  /// The names of the curves, with their colours.
  private var key: String {
    let named = curves.filter { !$0.name.isEmpty && !$0.points.isEmpty }
    guard !named.isEmpty else { return "" }
    let entries = named.map {
      "<span><i style=\"background:\($0.colour)\"></i>\(HTML.escaped($0.name))</span>"
    }
    return "<p class=\"key\">\(entries.joined())</p>"
  }

  private func number(_ value: Double) -> String { formatted("%.1f", value) }
}
