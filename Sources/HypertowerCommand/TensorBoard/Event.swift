import Hypertower

/// An entry of an event file.
///
/// Definitions: `event.proto`, `summary.proto` and `histogram.proto` of TensorBoard.
struct Event {
  /// When it happened, in seconds since 1970.
  let time: Double
  let step: Int
  let content: Content

  enum Content {
    /// The beginning of a file, with the name of its writer.
    case version(writer: String)
    /// The run begins or goes on here. Where it is not the first of a run, readers forget what they have of this
    /// step and later ones.
    case start
    case summary([Value])
  }

  /// What a tag has at a step.
  struct Value {
    let tag: String
    let content: Content

    enum Content {
      case scalar(Float)
      case histogram(Histogram)
    }
  }

  var message: ProtobufMessage {
    var message = ProtobufMessage()
    message.add(1, double: time)
    message.add(2, integer: step)
    switch content {
    case .version(let writer):
      message.add(3, string: "brain.Event:2")
      var source = ProtobufMessage()
      source.add(1, string: writer)
      message.add(10, message: source)
    case .start:
      var log = ProtobufMessage()
      log.add(1, integer: 1)
      message.add(7, message: log)
    case .summary(let values):
      var summary = ProtobufMessage()
      for value in values { summary.add(1, message: value.message) }
      message.add(5, message: summary)
    }
    return message
  }

  /// The record of an event file.
  var record: [UInt8] { EventRecord.bytes(of: message.bytes) }

  /// What the data of a record say of the step; nil if they are no event that this program wrote.
  static func step(of data: ArraySlice<UInt8>) -> Int? {
    // The time, then the step, as `message` writes them.
    let header = data.prefix(9)
    guard header.first == 1 << 3 | 1, header.count == 9, data.dropFirst(9).first == 2 << 3 else {
      return nil
    }
    var (step, shift) = (UInt64(0), UInt64(0))
    for byte in data.dropFirst(10).prefix(9) {
      step |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return Int(step) }
      shift += 7
    }
    return nil
  }
}

extension Event {
  /// Whether the data of a record, which this program wrote, have something to show: a summary comes last.
  static func isSummary(_ data: ArraySlice<UInt8>) -> Bool {
    // The step follows the time and the step's tag.
    let rest = data.dropFirst(10).drop { $0 >= 0x80 }.dropFirst()
    return rest.first == 5 << 3 | 2
  }
}

extension Event.Value {
  fileprivate var message: ProtobufMessage {
    var message = ProtobufMessage()
    message.add(1, string: tag)
    switch content {
    case .scalar(let value): message.add(2, float: value)
    case .histogram(let histogram): message.add(5, message: histogram.message)
    }
    return message
  }
}
