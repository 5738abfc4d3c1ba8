/// The one of `candidates` that `name` is most likely a misspelling of, if any is close.
///
/// - Parameter distance: how many characters may differ, in candidates that have more than that; default: at most two, and
///   a third of the candidate.
package func nearMiss(
  of name: String, among candidates: [String], distance: Int? = nil
) -> String? {
  let name = name.lowercased()
  guard name.count <= 64 else { return nil }
  let closest =
    candidates.filter { $0.count > distance ?? 0 }
    .map { (candidate: $0, distance: editDistance(name, $0)) }
    .min { $0.distance < $1.distance }
  guard let closest,
    closest.distance <= distance ?? max(1, min(2, closest.candidate.count / 3))
  else { return nil }
  return closest.candidate
}

/// How many characters must be put in, left out, or replaced to turn one text into the other.
private func editDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a), Array(b))
  var row = Array(0...b.count)
  for i in a.indices {
    var diagonal = row[0]
    row[0] = i + 1
    for j in b.indices {
      let replaced = diagonal + (a[i] == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[b.count]
}
