@testable import Hypertower

/// All cases.
extension ONNXCase {
  static var all: [ONNXCase] { shared + layers + views + chosen + sequences + attention + slopes }

  private static var shared: [ONNXCase] {
    InteropCase.all.map { ONNXCase($0.name, $0.sample, tokens: $0.tokens, $0.module) }
  }

  private static var layers: [ONNXCase] {
    let activations = Activation.allCases.map { activation in
      ONNXCase("\(activation)", [2, 7]) { activation(3 * $0) }
    }
    return activations + [
      ONNXCase(
        "conv1d_log_softmax", [3, 8],
        Sequential(
          Conv1D(3, 4, size: 3, dilation: 2), Flatten(), Linear(16, 5), Tail { $0.logSoftmax() }),
        has: "Conv", "LogSoftmax"),
      ONNXCase(
        "conv2d_groups", [4, 6, 5],
        Sequential(Conv2D(4, 6, size: 3, stride: 2, padding: 2, groups: 2), BatchNorm(6)),
        has: "Conv"),
      ONNXCase(
        "conv_transpose2d_groups", [4, 3, 5],
        ConvTranspose2D(
          4, 6, size: 3, stride: 3, padding: 1, outputPadding: 2, dilation: 2, groups: 2),
        has: "ConvTranspose"),
      ONNXCase("max_pool2d", [2, 7, 6], MaxPool2D(2), has: "MaxPool"),
      ONNXCase(
        "max_pool2d_padding", [2, 7, 6], MaxPool2D(3, stride: 2, padding: 1, dilation: 2),
        has: "MaxPool"),
      ONNXCase("max_pool_of_matrices", [7, 6], MaxPool2D(3, stride: 2, padding: 1), has: "Gather"),
      ONNXCase("average_pool2d", [2, 7, 6], AveragePool2D(3, stride: 2, padding: 1)),
      ONNXCase(
        "average_pool2d_of_elements", [2, 7, 6],
        AveragePool2D(2, padding: 1, countsPadding: false)),
      ONNXCase(
        "layers_of_training", [3, 6, 6],
        Sequential(
          RandomCrop(), RandomFlip(), RandomShift(1), GaussianNoise(0.1), Conv2D(3, 4, size: 3),
          Dropout(0.5), BatchNorm(4), Residual(Sequential(BatchNorm(4), Activation.relu)),
          Flatten(), Unflatten([4, 16]), GatedLinearUnit())),
      ONNXCase("batch_norm_of_features", [5], BatchNorm(5)),
      ONNXCase("layer_norm_of_images", [2, 3, 4], LayerNorm([3, 4], bias: false)),
      ONNXCase("group_norm_of_sequences", [6, 5], GroupNorm(3, 6)),
      ONNXCase("softmax", [3, 4, 2], has: "Softmax") { (4 * $0).softmax(axis: 2) },
      ONNXCase("softmax_of_samples", [3], has: "Softmax") { (4 * $0).softmax(axis: 0) },
      ONNXCase("log_sum_exp", [3, 4]) { (4 * $0).logSumExp([1]) },
    ]
  }

  private static var views: [ONNXCase] {
    [
      ONNXCase("slices", [9, 4], has: "Slice") {
        $0.sliced(1..<8, axis: 1, step: 3) * $0.sliced(2..<3, axis: 2).sliced(4..<7, axis: 1)
      },
      ONNXCase("flips", [4, 3], has: "Slice") { $0.flipped(axis: 1).flipped(axis: 2) },
      ONNXCase("padding", [4, 3], has: "Pad") {
        $0.padded(before: 2, after: 1, axis: 1, value: 0.5).padded(before: -1, after: 3, axis: 2)
      },
      ONNXCase("windows", [9, 4], has: "Gather") {
        $0.windows(
          axes: [2, 1], sizes: [2, 3], strides: [1, 2], padding: [(1, 0), (2, 1)],
          dilations: [2, 1], value: -2)
      },
      ONNXCase("cumulative_sum", [5, 3]) { $0.cumulativeSum(axis: 1) },
      ONNXCase("concatenation", [4, 3]) {
        .concatenated([$0, $0.flipped(axis: 1), 2 * $0], axis: -1)
      },
      ONNXCase("stack", [4, 3]) { .stacked([$0, $0.tanh()], axis: 1) },
      ONNXCase("transposition", [4, 3, 2]) {
        $0.transposed([0, 3, 1, 2]).matmul(
          $0.element(0, axis: 3).reshaped([$0.shape[0], 1, 4, 3]), transposeRight: true)
      },
      ONNXCase("nothing", [4, 3]) {
        $0.sliced(0..<0, axis: 1).reshaped([$0.shape[0], 3, 0]).sum([2])
      },
      ONNXCase("folds", [4, 3, 2]) { x in
        x.max([1, 3], keepingAxes: true) + x.min([2], keepingAxes: true)
          * x.variance([1, 2, 3], keepingAxes: true)
          + x.product([1, 2], keepingAxes: true)
      },
      ONNXCase("places_of_maxima", [4, 3, 2], has: "ArgMax") {
        $0.argmax(2, keepingAxes: true) + $0.argmax([1, 3], keepingAxes: true)
      },
      ONNXCase("coordinates", [4, 3]) {
        $0 + $0.coordinate(axis: 0) * 0.25 + $0.coordinate(axis: 1).sin()
          + $0.coordinate(axis: 2).cos()
      },
      ONNXCase("comparisons", [4, 3]) {
        Tensor.select($0.isLess(than: 0.25), $0.floor(), $0.magnitude.pow(1.5)) + $0.sign
          * $0.isFinite
          + (1 + $0.isEqual(to: $0)).sqrt().erf()
      },
      ONNXCase("products_of_samples", [3], has: "MatMul") {
        $0.matmul($0, transposeRight: true).softmax().matmul($0)
      },
      ONNXCase("stretched", [3]) { x in
        let ones = Tensor(repeating: 1, shape: [x.shape[0], 2, 1])
        let wide = (ones * 0.5).broadcast(to: [x.shape[0], 2, 3])
        return wide.sum([1]) + wide.reshaped([x.shape[0], 6]).sliced(1..<4, axis: 1) * x
      },
    ]
  }

  private static var chosen: [ONNXCase] {
    let table = Tensor((0..<12).map { Float($0) / 7 }, shape: [4, 3])
    return [
      ONNXCase("one_hot", [5], tokens: 4) { $0.oneHot(4) },
      ONNXCase("rows_of_products", [40], tokens: 7, Sequential(Embedding(7, 4), Linear(4, 3))),
      // With some numbers of samples rows are multiplied first, with others rows of the product chosen.
      ONNXCase("rows_of_some_products", [2], tokens: 9, Sequential(Embedding(9, 4), Linear(4, 3))),
      ONNXCase("rows_that_are_missing", [5]) {
        let rows = table.gather(($0 * 3).floor())
        return .select(rows.isEqual(to: rows), rows, -1)
      },
      ONNXCase("columns", [3, 6]) { $0.gather(Tensor([5, 0, 0, 2], shape: [2, 2]), axis: 2) },
      ONNXCase("rows_along_axis", [4, 3], has: "GatherND") {
        $0.gatherAlongAxis((2 * $0.magnitude).floor(), axis: 1)
      },
      ONNXCase("added_rows", [5], tokens: 9, has: "ScatterElements") { x in
        let batch = x.shape[0]
        let rows = Tensor.concatenated(
          [x.reshaped([batch, 5, 1]), 0.5 * x.reshaped([batch, 5, 1])], axis: 2)
        return rows.transposed([1, 0, 2]).scatterAdd(Tensor([3, 0, 3, 7, 1]), count: 4)
          .transposed([1, 0, 2])
      },
      ONNXCase("masked_embedding", [5], tokens: 7, MaskedEmbedding()),
    ]
  }

  private static var sequences: [ONNXCase] {
    [
      ONNXCase("final_states", [6, 3], FinalStates(), has: "Scan"),
      ONNXCase("loop", [4, 3], has: "Scan") { x in
        let series = x.transposed([1, 0, 2])
        let start = Tensor(repeating: 0.5, shape: [x.shape[0], 3])
        let scale = x.max([1])
        let (states, outputs) = Tensor.scan(
          [start, x.element(0, axis: 1)], over: [series, series.tanh()], isReversed: true
        ) { states, inputs in
          let next = (states[0] + inputs[0] * scale).sigmoid()
          return ([next, states[1] - inputs[1]], [next * states[1], inputs[1].sin()])
        }
        return states[1] + outputs[0].element(0, axis: 0) * outputs[1].sum([0])
          + outputs[0].transposed([1, 0, 2]).flipped(axis: 1).sum([1])
      },
    ]
  }

  private static var attention: [ONNXCase] {
    [
      ONNXCase(
        "attention_of_many", [70, 6], MultiHeadAttention(6, heads: 2, isCausal: true),
        has: "Softmax"),
      ONNXCase(
        "attention_of_many_both_ways", [70, 6], MultiHeadAttention(6, heads: 2), has: "Softmax"),
      ONNXCase(
        "causal_block", [5, 6], TransformerBlock(6, heads: 3, isCausal: true), has: "Softmax"),
    ]
  }

  /// Models that differentiate others by their inputs.
  private static var slopes: [ONNXCase] {
    [
      ONNXCase("slope_of_layers", [5], Slope(DenseNetwork(widths: [5, 4, 3]))),
      ONNXCase(
        "slope_of_convolutions", [2, 8, 7],
        Slope(
          Sequential(
            Conv2D(2, 3, size: 3, stride: 2, padding: 1), Activation.softplus,
            ConvTranspose2D(3, 2, size: 2, stride: 2), MaxPool2D(3, stride: 2, padding: 1),
            Activation.tanh)), has: "Conv", "ConvTranspose"),
      ONNXCase(
        "slope_of_recurrence", [5, 3], Slope(LSTM(3, 4, isBidirectional: true)), has: "Scan"),
      ONNXCase(
        "slope_of_attention", [5, 6], Slope(TransformerBlock(6, heads: 2, isCausal: true))),
      ONNXCase(
        "slope_of_attention_of_many", [70, 6],
        Slope(MultiHeadAttention(6, heads: 2, isCausal: true))),
      ONNXCase(
        "slope_of_views", [9, 4],
        Slope(
          Tail {
            let windows = $0.windows(
              axes: [1, 2], sizes: [3, 2], strides: [2, 1], padding: [(1, 0), (0, 1)],
              dilations: [2, 1])
            return (windows * windows).sum([3]).tanh()
              + $0.gather(Tensor([0, 8, 0, 3]), axis: 1).sliced(0..<2, axis: 2).reshaped([
                $0.shape[0], 1, 4, 2,
              ])
          })),
    ]
  }

  /// The derivative of the sum of a module's outputs by its inputs.
  private struct Slope: Module {
    let module: any Module

    init(_ module: any Module) { self.module = module }

    func callAsFunction(_ x: Tensor) -> Tensor {
      gradients(of: module(x).sin().sum(), withRespectTo: [x])[0]
    }
  }

  /// A function at the end of a `Sequential`.
  struct Tail: Module {
    let function: (Tensor) -> Tensor

    init(_ function: @escaping (Tensor) -> Tensor) { self.function = function }

    func callAsFunction(_ x: Tensor) -> Tensor { function(x) }
  }

  /// Attention that token 0 is hidden from, except at the first place.
  private struct MaskedEmbedding: Module {
    let embedding = Embedding(7, 6)
    let attention = MultiHeadAttention(6, heads: 2)

    func callAsFunction(_ x: Tensor) -> Tensor {
      let isFirst = x.coordinate(axis: 1).isEqual(to: 0)
      return attention(embedding(x), keyMask: x.isGreater(than: 0).or(isFirst))
    }
  }

  private struct FinalStates: Module {
    let lstm = LSTM(3, 4, layers: 2)
    let gru = GRU(4, 4, isBidirectional: true)

    func callAsFunction(_ x: Tensor) -> Tensor {
      let (outputs, h, c) = lstm(x, initialState: nil)
      let states = (h + c).sum([0])
      let (sequence, last) = gru(outputs, initialState: nil)
      return .concatenated([sequence.max([1]), last.sum([0]), states], axis: 1)
    }
  }
}
