// Whether a sentence praises or complains: swift run -c release TextClassifier [STEPS]
//
// Words are numbers, which an embedding turns into vectors; a GRU reads them one after another, and a dense layer
// judges by its last state. The sentences are made here; the test has combinations of words that training lacks.

import Hypertower

let subjects = ["food", "film", "book", "room", "train", "music", "coffee", "staff"]
let verbs = ["is", "was", "seems", "looked"]
let adverbs = [
  ("not", false), ("never", false), ("hardly", false), ("very", true), ("quite", true),
  ("so", true),
]
let adjectives = [
  ("good", true), ("lovely", true), ("great", true), ("pleasant", true), ("bad", false),
  ("dull", false),
  ("awful", false), ("boring", false),
]
let vocabulary = ["the"] + subjects + verbs + adverbs.map(\.0) + adjectives.map(\.0)

/// A sentence's words as numbers.
func tokens(_ sentence: String) -> [Float] {
  sentence.split(separator: " ").map { word in
    guard let token = vocabulary.firstIndex(of: String(word)) else {
      fatalError("unknown word: \(word)")
    }
    return Float(token)
  }
}

struct Classifier: Module {
  var embedding: Embedding
  var gru = GRU(16, 32)
  var output = Linear(32, 2)

  init(words: Int) { embedding = Embedding(words, 16) }

  func callAsFunction(_ x: Tensor) -> Tensor {  // [batch, words] → [batch, 2]
    let states = gru(embedding(x))  // [batch, words, 32]
    return output(states.element(x.shape[1] - 1, axis: 1))
  }
}

/// Sentences of five words and whether they praise, 1, or complain, 0.
func dataset(_ sentences: [(text: String, isPraise: Bool)]) -> Dataset {
  Dataset(
    count: sentences.count, featureCount: 5,
    features: .floats(sentences.flatMap { tokens($0.text) }),
    targets: .classes(sentences.map { $0.isPraise ? 1 : 0 }, classCount: 2))
}

guard let steps = Int(CommandLine.arguments.dropFirst().first ?? "100"), steps >= 0 else {
  throw InputError(.usage, "usage: TextClassifier [STEPS], a number of 0 or more")
}

var train: [(text: String, isPraise: Bool)] = []
var test: [(text: String, isPraise: Bool)] = []
for (number, subject) in subjects.enumerated() {
  for (verbNumber, verb) in verbs.enumerated() {
    for (adverbNumber, adverb) in adverbs.enumerated() {
      for (adjectiveNumber, adjective) in adjectives.enumerated() {
        let sentence = (
          "the \(subject) \(verb) \(adverb.0) \(adjective.0)", adverb.1 == adjective.1
        )
        // An adverb meets a quarter of the adjectives in the test alone, whatever the subject.
        let isTest = (2 * adverbNumber + adjectiveNumber) % 4 == 0 || (number + verbNumber) % 8 == 0
        if isTest { test.append(sentence) } else { train.append(sentence) }
      }
    }
  }
}

let (trainData, testData) = (dataset(train), dataset(test))
let trainer = try Trainer(
  Classifier(words: vocabulary.count), loss: .crossEntropy, sampleShape: [5],
  optimizer: Adam() / Kesten(), firstStep: 1e-3, average: .polynomial, on: try Device.preferred(),
  seed: 1)
let before = try trainer.evaluate(on: testData)
try trainer.train(on: trainData, batchSize: 50, steps: steps)
let after = try trainer.evaluate(on: testData)
print("\(train.count) sentences to train on, \(test.count) others to test with")
print("test loss before: \(before.loss)")
print("test loss after:  \(after.loss)")
print("test accuracy: \(before.accuracyPercent!) % → \(after.accuracyPercent!) %")
for number in stride(from: 0, to: test.count, by: 89) {
  let sentence = test[number].text
  let logits = try trainer.outputs(for: tokens(sentence))
  print("\(sentence): \(logits[1] > logits[0] ? "praise" : "complaint")")
}
print("what the tower has learned: \(try trainer.tower)")
