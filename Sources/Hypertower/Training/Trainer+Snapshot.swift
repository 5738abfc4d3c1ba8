/// Going back to an earlier step.
extension Trainer {
  /// All that training has moved, to go back to.
  package struct Snapshot {
    let arrays: [HostArray]
    let stepCount: Int
    let position: Position?
  }

  package func snapshot() throws -> Snapshot {
    Snapshot(arrays: try state.snapshot(), stepCount: stepCount, position: position)
  }

  package func restore(_ snapshot: Snapshot) throws {
    try state.restore(snapshot.arrays)
    stepCount = snapshot.stepCount
    position = snapshot.position
    ending = nil
  }
}
