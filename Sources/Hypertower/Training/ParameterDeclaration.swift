/// A trainable tensor as a model declares it: its shape and how its first values are drawn.
///
/// Its identity is the object's: a model that uses one parameter twice shares it. The values are
/// held by whatever trains the model.
package final class ParameterDeclaration: Sendable {
  package let shape: Shape
  package let initializer: Initializer

  package init(shape: Shape, initializer: Initializer) {
    self.shape = shape
    self.initializer = initializer
  }
}

extension Tensor {
  /// A trainable tensor, for use in a `Module`.
  ///
  /// - Parameters:
  ///   - shape: its extents.
  ///   - initializer: how its first values are drawn.
  public static func parameter(shape: Shape, initializer: Initializer) -> Tensor {
    let recorder = TapeRecorder()
    let declaration = ParameterDeclaration(shape: shape, initializer: initializer)
    return Tensor(recorder, recorder.leaf(.parameter(declaration), shape: shape))
  }

  /// The parameter that this tensor is, if it is one.
  package var parameterDeclaration: ParameterDeclaration? {
    guard case .leaf(let number) = recorder.tape[index].operation,
      case .parameter(let declaration) = recorder.leaves[number]
    else { return nil }
    return declaration
  }
}
