/// A table in Markdown that is readable as it is, too.
struct MarkdownTable {
  var caption: String?
  let header: [String]
  let rows: [[String]]

  /// The table's lines, all columns as wide as their widest cell.
  var lines: [String] {
    let widths = header.indices.map { column in
      ([header] + rows).map { $0[column].count }.max()!
    }
    func line(_ cells: [String]) -> String {
      "| " + zip(cells, widths).map { $0.padded(to: $1) }.joined(separator: " | ") + " |"
    }
    let rule =
      "| " + widths.map { String(repeating: "-", count: $0) }.joined(separator: " | ") + " |"
    return (caption.map { [$0, ""] } ?? []) + [line(header), rule] + rows.map(line)
  }
}
