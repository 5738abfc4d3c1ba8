/// Definitions before a kernel's source.
func defining(_ definitions: [(String, Int)], _ source: String) -> String {
  definitions.map { "#define \($0.0) \($0.1)\n" }.joined() + source + "\n"
    + definitions.map { "#undef \($0.0)\n" }.joined()
}
