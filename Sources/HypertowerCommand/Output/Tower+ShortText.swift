import Hypertower

extension Tower {
  /// The tower's text, or, where that is longer than a line of a plot, its bottom rule and its height.
  var shortText: String {
    let text = description
    if text.count <= 90 { return text }
    let others = hasGroups ? "; … (\(groups.count) groups)" : ""
    return "\(levels[0]) / … (height \(height))\(others)"
  }
}
