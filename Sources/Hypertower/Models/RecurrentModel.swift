/// A recurrent model of sequences of tokens, `[batch, time] → [batch, time, vocabulary]`, logits of each next token:
/// an embedding, layers of LSTM or GRU, and a dense layer.
public struct RecurrentModel: Module {
  /// The kind of recurrent layers.
  public enum Cell: String, Sendable, CaseIterable {
    /// Layers of `LSTM`.
    case lstm
    /// Layers of `GRU`.
    case gru
  }

  /// A vector for each token of the vocabulary.
  public let embedding: Embedding
  /// The recurrent layers, an `LSTM` or a `GRU`.
  public let rnn: any Module
  /// The last layer's state → logits of the vocabulary.
  public let output: Linear

  /// - Parameters:
  ///   - vocabulary: the number of tokens.
  ///   - cell: default: `.lstm`.
  ///   - embedding: the width of a token's embedding; default: 128.
  ///   - hidden: the number of hidden units of each layer; default: 128.
  ///   - layers: default: 2.
  public init(
    vocabulary: Int, cell: Cell = .lstm, embedding: Int = 128, hidden: Int = 128, layers: Int = 2
  ) {
    self.embedding = Embedding(vocabulary, embedding)
    rnn =
      switch cell {
      case .lstm: LSTM(embedding, hidden, layers: layers)
      case .gru: GRU(embedding, hidden, layers: layers)
      }
    output = Linear(hidden, vocabulary)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { output(rnn(embedding(x))) }
}
