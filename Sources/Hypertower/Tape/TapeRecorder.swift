/// The tape that a group of tensors is being recorded on, with what its leaves stand for.
///
/// Not thread-safe: the tensors of one recorder belong to one thread at a time.
package final class TapeRecorder {
  /// What a leaf stands for.
  package enum Leaf {
    /// Values the program's author gave.
    case values([Float])
    /// A trainable parameter.
    case parameter(ParameterDeclaration)
    /// Values given each time a program runs, such as a batch.
    case input(name: String)
  }

  package var tape = Tape()
  package private(set) var leaves: [Leaf] = []
  /// Nodes taken over from other recorders, which are kept so that their identity stays theirs.
  private var adopted: [ObjectIdentifier: (recorder: TapeRecorder, nodes: [Int: Int])] = [:]
  /// What each leaf is told by, on whatever tape: the declaration of a parameter, else an object of its own.
  private var identities: [AnyObject] = []
  private var leafNodes: [ObjectIdentifier: Int] = [:]

  package init() {}

  package func leaf(_ leaf: Leaf, shape: Shape) -> Tape.Index {
    guard case .parameter(let declaration) = leaf else {
      return self.leaf(leaf, identity: Identity(), shape: shape)
    }
    return self.leaf(leaf, identity: declaration, shape: shape)
  }

  /// The leaf of that identity, which may be here already.
  private func leaf(_ leaf: Leaf, identity: AnyObject, shape: Shape) -> Tape.Index {
    if let known = leafNodes[ObjectIdentifier(identity)] { return known }
    leaves.append(leaf)
    identities.append(identity)
    let index = tape.append(.leaf(leaves.count - 1), shape: shape)
    leafNodes[ObjectIdentifier(identity)] = index
    return index
  }

  private final class Identity {}

  /// The node here that stands for node `index` of `other`; what it needs is copied.
  package func adopt(_ index: Tape.Index, from other: TapeRecorder) -> Tape.Index {
    if other === self { return index }
    var mapped = adopted[ObjectIdentifier(other)]?.nodes ?? [:]
    let needed = other.tape.needed(by: [index])
    for (old, node) in other.tape.nodes.enumerated() where needed[old] && mapped[old] == nil {
      if case .leaf(let number) = node.operation {
        // Known where it came from here, or through a third tape.
        mapped[old] = leaf(
          other.leaves[number], identity: other.identities[number], shape: node.shape)
      } else {
        mapped[old] = tape.append(
          node.operation, node.operands.map { mapped[$0]! }, shape: node.shape)
      }
    }
    adopted[ObjectIdentifier(other)] = (other, mapped)
    return mapped[index]!
  }
}
