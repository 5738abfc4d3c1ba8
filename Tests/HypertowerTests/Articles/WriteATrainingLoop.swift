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

  private struct Normalized: Module {
    var linear = Linear(2, 3)
    var norm = BatchNorm(3)

    func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
      norm(linear(x), in: context)
    }
  }

  @Test func writeATrainingLoopOfAModelWithStates() throws {
    let model = Normalized()
    let x = Tensor.input("x", shape: [4, 2])
    let labels = Tensor.input("labels", shape: [4])
    var updates: [(variable: Tensor, value: Tensor)] = []

    let context = Context(isTraining: true)
    let loss = Loss.crossEntropy(model(x, in: context), labels)
    updates += context.updates.map { (variable: $0.state, value: $0.next) }

    let step = try TensorProgram([loss], of: [x, labels], updating: updates)
    _ = try step([[1, 2, 3, 4, 5, 6, 7, 9], [0, 1, 2, 0]])
    let means = try step.values(of: model.norm.runningMean)
    #expect(means.allSatisfy { $0 != 0 })
  }
}
