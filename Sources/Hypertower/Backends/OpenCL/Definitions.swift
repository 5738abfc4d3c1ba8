/// Source in which some names are defined.
func defining(
  _ definitions: [(String, Int)], texts: [(String, String)] = [], _ source: String
) -> String {
  let all = definitions.map { ($0.0, "\($0.1)") } + texts
  return all.map { "#define \($0.0) \($0.1)\n" }.joined() + source + "\n"
    + all.map { "#undef \($0.0.prefix { $0 != "(" })\n" }.joined()
}
