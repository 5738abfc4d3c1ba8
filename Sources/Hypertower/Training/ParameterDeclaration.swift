/// A trainable tensor as a model declares it: its shape and how its first values are drawn.
///
/// Its identity is the object's: a model that uses one parameter twice shares it. The values are
/// held by whatever trains the model.
package final class ParameterDeclaration: Sendable {
  package let shape: Shape
  package let initializer: Initializer
  /// Whether it is a state of the model, which steps change but no optimizer does.
  package let isState: Bool
  /// What it is for.
  package let kind: ParameterKind

  /// - Parameter kind: default: by the number of axes.
  package init(
    shape: Shape, initializer: Initializer, isState: Bool = false, kind: ParameterKind? = nil
  ) {
    self.shape = shape
    self.initializer = initializer
    self.isState = isState
    self.kind = kind ?? (shape.count > 1 ? .weights : .biases)
  }
}

extension Tensor {
  /// A trainable tensor, for use in a `Module`.
  ///
  /// - Parameters:
  ///   - shape: its extents.
  ///   - initializer: how its first values are drawn.
  ///   - kind: what it is for, by which groups of parameters are told; default: `.weights` with two axes or more,
  ///     else `.biases`.
  public static func parameter(
    shape: Shape, initializer: Initializer, kind: ParameterKind? = nil
  ) -> Tensor {
    let recorder = TapeRecorder()
    let declaration = ParameterDeclaration(shape: shape, initializer: initializer, kind: kind)
    return Tensor(recorder, recorder.leaf(.parameter(declaration), shape: shape))
  }

  /// A tensor of a `Module` that is kept with its weights but not trained, such as a running mean; a
  /// `Context` changes it.
  ///
  /// - Parameters:
  ///   - shape: its extents.
  ///   - initial: its elements before the first step.
  public static func state(shape: Shape, initial: Float) -> Tensor {
    let recorder = TapeRecorder()
    let declaration = ParameterDeclaration(
      shape: shape, initializer: .constant(initial), isState: true)
    return Tensor(recorder, recorder.leaf(.parameter(declaration), shape: shape))
  }

  /// The parameter or state that this tensor is, if it is one.
  package var parameterDeclaration: ParameterDeclaration? {
    guard case .leaf(let number) = recorder.tape[index].operation,
      case .parameter(let declaration) = recorder.leaves[number]
    else { return nil }
    return declaration
  }
}
