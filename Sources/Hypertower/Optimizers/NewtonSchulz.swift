/// The Newton–Schulz iteration that brings a matrix near the orthogonal one next to it, U·Vᵀ of its singular value
/// decomposition U·Σ·Vᵀ, by products alone.
///
/// X ← G / max(‖G‖, 1e-7), then five times X ← a·X + (b·A + c·A²)·X with A = X·Xᵀ, or X·(b·A + c·A²) with A = Xᵀ·X
/// where that has fewer elements. With a, b, c = 3.4445, −4.7750, 2.0315 (K. Jordan et al., "Muon: An optimizer for
/// hidden layers in neural networks", 2024) singular values end between about 0.7 and 1.2. At last, the matrix is
/// multiplied by √max(1, rows/columns), as PyTorch's `torch.optim.Muon` does unless told otherwise.
struct NewtonSchulz {
  private static let count = 5
  private static var a: Tensor { .constant(3.4445) }
  private static var b: Tensor { .constant(-4.7750) }
  private static var c: Tensor { .constant(2.0315) }
  /// The least norm that a matrix is divided by.
  private static var leastNorm: Tensor { .constant(1e-7) }

  /// Whether Xᵀ·X, `[columns, columns]`, is taken for A.
  private let isTall: Bool
  private let scale: Tensor

  init(_ matrix: ParameterLayout.Matrix) {
    isTall = matrix.rows > matrix.columns
    let (rows, columns) =
      matrix.isTransposed ? (matrix.columns, matrix.rows) : (matrix.rows, matrix.columns)
    scale = .constant(Swift.max(1, Double(rows) / Double(columns)).squareRoot())
  }

  /// The result for a matrix, `[rows, columns]`.
  func orthogonalized(_ matrix: Tensor) -> Tensor {
    var x = matrix / Self.norm(matrix).atLeast(Self.leastNorm)
    for _ in 0..<Self.count {
      let a = gram(x, x)
      x = Self.a * x + multiplied(x, by: Self.b * a + Self.c * a.matmul(a))
    }
    return scale * x
  }

  /// The derivative of the result where the matrix moves by `direction`, `[rows, columns]`: each operation's own, side
  /// by side with it.
  func tangent(at matrix: Tensor, along direction: Tensor) -> Tensor {
    let norm = Self.norm(matrix)
    let divisor = norm.atLeast(Self.leastNorm)
    var x = matrix / divisor
    let slope = (x * direction).sum([0, 1], keepingAxes: true)
    let normChange = Tensor.select(norm.isLess(than: Self.leastNorm), .constant(0), slope)
    var dx = (direction - normChange * x) / divisor
    for _ in 0..<Self.count {
      let a = gram(x, x)
      let half = gram(dx, x)
      let da = half + half.transposed()
      let square = da.matmul(a)
      let polynomial = Self.b * a + Self.c * a.matmul(a)
      let dPolynomial = Self.b * da + Self.c * (square + square.transposed())
      let moved = multiplied(x, by: dPolynomial) + multiplied(dx, by: polynomial)
      dx = Self.a * dx + moved
      x = Self.a * x + multiplied(x, by: polynomial)
    }
    return scale * dx
  }

  private func gram(_ x: Tensor, _ y: Tensor) -> Tensor {
    isTall ? x.matmul(y, transposeLeft: true) : x.matmul(y, transposeRight: true)
  }

  private func multiplied(_ x: Tensor, by symmetric: Tensor) -> Tensor {
    isTall ? x.matmul(symmetric) : symmetric.matmul(x)
  }

  private static func norm(_ x: Tensor) -> Tensor {
    (x * x).sum([0, 1], keepingAxes: true).sqrt()
  }
}
