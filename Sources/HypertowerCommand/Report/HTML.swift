/// Parts of a page.
enum HTML {
  /// Text as it stands in a page, also in an attribute.
  static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }

  /// A table of names and values.
  static func table(_ rows: [(name: String, value: String)]) -> String {
    let lines = rows.map { "<tr><th>\(escaped($0.name))</th><td>\(escaped($0.value))</td></tr>" }
    return "<table class=\"list\">\n\(lines.joined(separator: "\n"))\n</table>"
  }

  static func section(_ title: String, _ content: String) -> String {
    "<section>\n<h2>\(escaped(title))</h2>\n\(content)\n</section>"
  }

  /// The first lines of a report, by which it is known to be this program's.
  static let beginning = "<!DOCTYPE html>\n<!-- A report of hypertower train -->\n"

  /// A page without anything that lies elsewhere.
  static func page(title: String, _ sections: [String]) -> String {
    """
    \(beginning)<html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(escaped(title))</title>
    <style>
    \(style)
    </style>
    </head>
    <body>
    <h1>\(escaped(title))</h1>
    \(sections.joined(separator: "\n"))
    </body>
    </html>

    """
  }

  /// The colours of curves are those of `Plot.colours`, lighter where the page is dark.
  private static let style = """
    :root { color-scheme: light dark; --text: #1c1c1e; --faint: #6b6b70; --line: #dcdce0; --page: #ffffff;
      --heat: 0, 114, 178; --right: 0, 158, 115;
      --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #cc79a7; --c4: #b8860b; --c5: #56b4e9; --c6: #1c1c1e;
      --c7: #8a8a8a; }
    @media (prefers-color-scheme: dark) { :root { --text: #ececf0; --faint: #a0a0a8; --line: #3a3a40;
      --page: #18181b; --heat: 86, 180, 233; --right: 46, 196, 150; --c0: #56b4e9; --c1: #ff8c42; --c2: #2ec496;
      --c3: #e39bc4; --c4: #f0c348; --c5: #8fd0ff; --c6: #ececf0; --c7: #9a9a9a; } }
    body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page);
      max-width: 1020px; margin: 0 auto; padding: 1.5em; }
    h1 { font-size: 1.5em; overflow-wrap: anywhere; }
    h2 { font-size: 1.15em; margin-top: 2em; }
    .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); gap: 1em; }
    svg { width: 100%; height: auto; }
    svg text { fill: var(--text); font: 12px system-ui, sans-serif; }
    svg .title { font-weight: 600; font-size: 13px; }
    svg .tick { fill: var(--faint); font-size: 11px; }
    svg .grid { stroke: var(--line); fill: none; }
    svg .curve { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
    .key { margin: 0 0 0 4em; font-size: 12px; display: flex; flex-wrap: wrap; gap: 0.2em 1em; }
    .key i { display: inline-block; width: 1.2em; height: 3px; margin-right: 0.4em; vertical-align: middle; }
    table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
    .list th { text-align: left; font-weight: 500; color: var(--faint); padding: 0.15em 1.5em 0.15em 0;
      vertical-align: top; white-space: nowrap; }
    .list td { overflow-wrap: anywhere; }
    .scroll { overflow-x: auto; }
    .matrix td, .matrix th { text-align: right; padding: 0.25em 0.55em; border: 1px solid var(--line); }
    .matrix th { font-weight: 500; color: var(--faint); }
    .samples { display: grid; grid-template-columns: repeat(auto-fill, minmax(118px, 1fr)); gap: 1em; }
    figure { margin: 0; font-size: 12px; line-height: 1.35; }
    figure img { width: 112px; height: 112px; object-fit: contain; image-rendering: pixelated; background: #808080;
      display: block; margin-bottom: 0.3em; }
    p.note { color: var(--faint); font-size: 13px; }
    """
}
