/// The names and the layout by which another library's files hold the parameters and states of modules.
public enum WeightLayout: String, Sendable, CaseIterable {
  /// PyTorch's: a file's tensors are those of `state_dict()`.
  case pytorch
  /// MLX's: convolutions have their channels last, and recurrent layers and attention other tensors.
  case mlx

  /// What the library is called.
  public var libraryName: String {
    switch self {
    case .pytorch: "PyTorch"
    case .mlx: "MLX"
    }
  }

  /// The member of a file's metadata that tells the library.
  static let key = "format"

  /// What files in this layout have there, if anything.
  var formatName: String {
    switch self {
    case .pytorch: "pt"
    case .mlx: "mlx"
    }
  }
}
