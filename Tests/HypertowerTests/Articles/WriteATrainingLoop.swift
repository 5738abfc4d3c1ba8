import Hypertower
import Testing

extension ArticleTests {
  @Test func writeATrainingLoop() throws {
    let x = Tensor.input("x", shape: [2, 3])
    let y = Tensor.input("y", shape: [3, 4])
    let program = try TensorProgram([x.matmul(y).tanh().sum()], of: [x, y])
    print(program)

    let begin = program.tapeDescription.split(separator: "\n").prefix(4)
    let page = try Self.text("Sources/Hypertower/Hypertower.docc/WriteATrainingLoop.md")
    #expect(page.contains("```\n\(begin.joined(separator: "\n"))\n```"), "\(program)")
    let comment = try Self.text("Sources/Hypertower/Tape/TensorProgram+Description.swift")
    let lines = begin.map { "  /// \($0)\n" }
    #expect(comment.contains("  /// ```\n\(lines.joined())  /// ```\n"))
    #expect(program.description.contains(program.programDescription))
    #expect(program.programDescription.contains("product [2, 3] · [3, 4]"))
  }
}
