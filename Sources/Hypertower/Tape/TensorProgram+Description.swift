extension TensorProgram: CustomStringConvertible {
  /// The tape: a line for each operation, with its number, shape and operands.
  public var tapeDescription: String { recorder.text(of: results) }

  /// The compiled program: its buffers, and what each instruction reads, writes and computes.
  public var programDescription: String { program.description }

  /// The tape and the program that it was compiled to.
  ///
  /// ```swift
  /// let x = Tensor.input("x", shape: [2, 3])
  /// let y = Tensor.input("y", shape: [3, 4])
  /// print(try TensorProgram([x.matmul(y).tanh().sum()], of: [x, y]))
  /// ```
  ///
  /// prints a tape that begins with
  ///
  /// ```
  /// %0 [2, 3] = input x
  /// %1 [3, 4] = input y
  /// %2 [2, 4] = %0 · %1
  /// %3 [2, 4] = tanh(%2)
  /// ```
  ///
  /// and then the program. A product comes with what is done to each of its elements; other instructions go through an
  /// index space, where `i0`, `i1` and so on are the indices and `r0`, `r1` what is folded along the inner ones.
  public var description: String { "tape\n\(tapeDescription)\nprogram\n\(programDescription)" }
}

extension Tensor: CustomStringConvertible {
  /// What the tensor is computed by: a line for each operation, the tensor itself last; no values, for which see
  /// `array(on:)`.
  public var description: String { recorder.text(of: [index]) }
}

extension TapeRecorder {
  /// The operations that nodes need, with what the leaves stand for.
  fileprivate func text(of nodes: [Tape.Index]) -> String {
    tape.text(of: nodes) { number in
      switch leaves[number] {
      case .values(let values): values.count <= 4 ? "\(values)" : "\(values.count) values"
      case .parameter(let declaration): declaration.isState ? "state" : "parameter"
      case .input(let name): "input \(name)"
      }
    }
  }
}
