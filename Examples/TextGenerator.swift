// A transformer that goes on with a text: swift run -c release TextGenerator [STEPS [FILE]]
//
// After A. Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), with characters as tokens.
// Without a file it learns to count in words.

import Datasets
import Hypertower

struct Transformer: Module {
  /// The number of characters that it sees.
  static let length = 64

  var token: Embedding
  var position = Tensor.parameter(
    shape: [length, 64], initializer: .normal(standardDeviation: 0.02))
  var blocks = (0..<2).map { _ in TransformerBlock(64, heads: 4, isCausal: true) }
  var norm = LayerNorm(64)
  var output: Linear

  init(characters: Int) {
    token = Embedding(characters, 64, initializer: .normal(standardDeviation: 0.02))
    output = Linear(64, characters)
  }

  func callAsFunction(_ x: Tensor) -> Tensor {  // [batch, length] → [batch, length, characters]
    output(norm(blocks.reduce(token(x) + position) { $1($0) }))
  }
}

/// A number from 1 to 999 in words.
func words(_ number: Int) -> String {
  let small = [
    "", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
  ]
  let tens = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
  if number >= 100 {
    return small[number / 100] + " hundred"
      + (number % 100 == 0 ? "" : " and " + words(number % 100))
  }
  if number < 20 { return small[number] }
  return tens[number / 10] + (number % 10 == 0 ? "" : "-" + small[number % 10])
}

let arguments = Array(CommandLine.arguments.dropFirst())
guard arguments.count <= 2, let steps = Int(arguments.first ?? "600"), steps >= 0 else {
  throw InputError(
    .usage, "usage: TextGenerator [STEPS [FILE]], a number of 0 or more and a UTF-8 text")
}

let text =
  try arguments.count == 2
  ? CharacterText(contentsOf: arguments[1])
  : CharacterText((1...999).map { words($0) + "\n" }.joined())
let (train, validation) = try text.datasets(length: Transformer.length)
let trainer = try Trainer(
  Transformer(characters: text.vocabulary.count), loss: .crossEntropy,
  sampleShape: [Transformer.length],
  // A schedule suits transformers; it needs the run's length.
  optimizer: Adam(.cosine(0.003, warmup: 20)), plannedSteps: max(1, steps),
  on: try Device.preferred(),
  seed: 1)

print("validation loss before: \(try trainer.loss(on: validation))")
try trainer.train(on: train, batchSize: 16, steps: steps)
print("validation loss after:  \(try trainer.loss(on: validation))")

// From the middle of the text on, always the likeliest character.
var tokens = Array(text.tokens[(text.tokens.count / 2)...].prefix(Transformer.length))
print(text.vocabulary.text(of: tokens) + " …", terminator: "")
for _ in 0..<200 {
  let logits = try trainer.outputs(
    for: tokens.suffix(Transformer.length).map(Float.init), at: Transformer.length - 1)
  tokens.append(Int32(logits.indices.max { logits[$0] < logits[$1] }!))
}
print(text.vocabulary.text(of: tokens.dropFirst(Transformer.length)))
