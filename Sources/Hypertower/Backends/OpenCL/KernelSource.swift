internal import Kernels

/// The source of a program's kernels: what all share, then the sections, then a kernel for each
/// launch.
///
/// Work of equal source shares a section, launches of equal source share a kernel.
struct KernelSource {
  /// What a parameter of a kernel is bound to.
  enum Argument {
    /// A buffer of the program, by its number, of one list of arrays or, nil, of any.
    case buffer(Int, alternative: Int?)
    /// The array of that type that holds the temporary buffers.
    case arena(ElementType)
    case table([Int32])
    case number(Int32)
    /// So many int32 counters, zeros.
    case counters(Int)
    /// The number of the list of arrays of the first replay.
    case firstAlternative
    /// The number of replays.
    case replayCount
    /// The number of the pass, where the host goes through a loop.
    case iteration
  }

  /// A kernel with what its launch needs.
  struct Launch {
    /// What the launch does, in words.
    let label: String
    let kernelName: String
    let arguments: [Argument]
    let groups: Int
    let localSize: Int
    /// How often it goes through its phases at most.
    var mostReplays = 1
  }

  /// A section in a launch: each work-group does so many of its units.
  struct Step {
    let section: KernelSection
    let unitsPerGroup: Int
  }

  /// Steps one after another, by so many work-groups.
  struct Branch {
    let steps: [Step]
    let groups: Int
    /// How often each work-group does the steps, the passes of a loop; nil: once.
    let passes: Int?
  }

  private(set) var text: String
  private var sectionNames: [String: String] = [:]
  private var kernelNames: [String: String] = [:]
  private let buffers: [BufferDescription]

  /// How far apart counters of phases lie, so that no two share a line of a cache.
  private static let counterStride = 32

  /// The names that sections give to their functions; each gets names of its own.
  private static let functionNames = [
    "SECTION", "EPILOGUE", "WHOLE_TILE", "LAST_TILE", "LIST_TERMS", "TILE_OF", "FETCH", "PUT",
    "PACK",
    "MULTIPLY", "UNPACK", "WEIGH", "ATTEND", "SEND_BACK", "SCORE_TILE", "SCORE_LINE", "MEAN_TILE",
    "MEAN_LINE", "SLOPE_TILE", "SLOPE_LINE", "QUERY_TILE", "QUERY_LINE", "KEY_TILE", "KEY_LINE",
    "VALUE_TILE", "VALUE_LINE", "PROJECT", "UPDATE_BLOCK", "UNIFORMS", "HASH", "PERMUTE",
    "QUOTIENT", "BYTE_VALUES", "LIMIT",
  ]

  /// - Parameter buffers: those of the program that the sections name.
  init(_ buffers: [BufferDescription]) {
    self.buffers = buffers
    text =
      String(cString: kernels_common())
      + "#define COUNTER_STRIDE \(Self.counterStride)\n" + String(cString: kernels_phases())
  }

  /// Adds the kernel of a launch in which branches of work-groups of `localSize` run side by side.
  mutating func add(_ branches: [Branch], localSize: Int) -> Launch {
    var parameters = ParameterNames(buffers, varying: [], alternatives: 1)
    let text = "  const int group = work_group;\n" + body(of: branches, &parameters)
    let name = kernelName(parameters, scratch: scratch(for: branches), text, localSize: localSize)
    return Launch(
      label: Self.label(branches), kernelName: name,
      arguments: parameters.arguments, groups: branches.reduce(0) { $0 + $1.groups },
      localSize: localSize)
  }

  /// Adds the kernel of a launch that goes through phases one after another, and through all of them
  /// again and again; in each, shares of branches are done side by side by `workers` work-groups of
  /// `localSize`.
  ///
  /// - Parameters:
  ///   - phases: one at least, and two if it `beginsAhead`.
  ///   - beginsAhead: whether the first phase of a replay runs beside the last one of the replay
  ///     before.
  ///   - varying: the buffers that differ between lists of arrays, which take turns.
  ///   - alternatives: the number of lists.
  ///   - mostReplays: how often the launch goes through the phases at most.
  ///   - isLoop: whether replays are passes of a loop; default: false.
  ///   - arena: where temporary buffers lie, if they share arrays; default: they do not.
  mutating func add(
    phases: [[Branch]], beginsAhead: Bool, workers: Int, localSize: Int, varying: Set<Int>,
    alternatives: Int, mostReplays: Int, isLoop: Bool = false, arena: MemoryPlan.Arena? = nil
  ) -> Launch {
    var parameters = ParameterNames(
      buffers, varying: varying, alternatives: alternatives, arena: arena)
    if isLoop { parameters.iterationName = "replay" }
    let bodies = phases.map { body(of: $0, &parameters) }
    let shares = phases.map { $0.reduce(0) { $0 + $1.groups } }
    let phasesPerReplay = phases.count - (beginsAhead ? 1 : 0)
    func places(_ replays: String) -> String {
      (beginsAhead ? "1 + " : "") + "\(replays) * \(phasesPerReplay)"
    }
    let mostPlaces = (beginsAhead ? 1 : 0) + mostReplays * phasesPerReplay
    let stocks = localSize == 1 ? workers : 1
    let lines = (mostPlaces + 1) * (stocks + 1)
    let counters = parameters.add(
      .counters((lines + 1) * Self.counterStride), type: "volatile global int *")
    let first = parameters.add(.firstAlternative, type: "int ")
    let count = parameters.add(.replayCount, type: "int ")
    var text = "  volatile global int *counters = \(counters);\n"
    text += "  volatile global int *through = counters + \(lines * Self.counterStride);\n"
    text += "  BEGIN_PHASES(\(places(count)))\n"
    func addPhase(_ place: String, _ shares: Int, _ body: String) {
      text += "  FOR_SHARES(\(place), \(shares)) {\n\(body)  }\n"
      text += "  END_PHASE(\(place), \(shares))\n"
    }
    if beginsAhead { addPhase("0", shares[0], bodies[0]) }
    text += "  for (int replay = 0; replay < \(count); ++replay) {\n"
    text += "  const int alternative = (\(first) + replay) % \(alternatives);\n"
    text += parameters.selections
    for number in 0..<phasesPerReplay {
      let phase = number + (beginsAhead ? 1 : 0)
      let place = "\(places("replay")) + \(number)"
      if beginsAhead, phase == phases.count - 1 {
        let both = """
            if (group < \(shares[0])) {
            if (replay + 1 < \(count)) {
          \(bodies[0])  }
            } else {
            const int all = group;
            const int group = all - \(shares[0]);
          \(bodies[phase])  }

          """
        addPhase(place, shares[0] + shares[phase], both)
      } else {
        addPhase(place, shares[phase], bodies[phase])
      }
    }
    text += "  }\n  end_phases(counters, through, \(places(count)), stocks, work_groups);\n"
    return Launch(
      label: phases.map(Self.label).joined(separator: "; "),
      kernelName: kernelName(
        parameters, scratch: scratch(for: phases.flatMap { $0 }), text, localSize: localSize),
      arguments: parameters.arguments, groups: workers, localSize: localSize,
      mostReplays: mostReplays)
  }

  private static func label(_ branches: [Branch]) -> String {
    branches.map { branch in
      let steps = branch.steps.map(\.section.label).joined(separator: " → ")
      return branch.passes.map { "\($0) × (\(steps))" } ?? steps
    }.joined(separator: " | ")
  }

  private func scratch(for branches: [Branch]) -> String {
    let size = branches.flatMap(\.steps).map(\.section.localMemory).max() ?? 0
    return size > 0 ? "  local real scratch[\(size)] __attribute__((aligned(16)));\n" : ""
  }

  /// What work-group, or share, number `group` of a phase does.
  private mutating func body(of branches: [Branch], _ parameters: inout ParameterNames) -> String {
    var body = ""
    var firstGroup = 0
    for (number, branch) in branches.enumerated() {
      let end = firstGroup + branch.groups
      let isLast = number == branches.count - 1
      body += number > 0 ? " else " : "  "
      body += isLast ? "{\n" : "if (group < \(end)) {\n"
      body += "    const int part = group - \(firstGroup);\n"
      let iterationName = parameters.iterationName
      if let passes = branch.passes {
        body += "    for (int pass = 0; pass < \(passes); ++pass) {\n"
        parameters.iterationName = "pass"
      }
      for (number, step) in branch.steps.enumerated() {
        let section = step.section
        if number > 0 { body += "    GROUP_BARRIER;\n" }
        let names = section.parameters.map { ", " + parameters.add($0.argument) }.joined()
        let scratch = section.localMemory > 0 ? ", scratch" : ""
        body +=
          "    \(sectionName(section))(part * \(step.unitsPerGroup), "
          + "min((part + 1) * \(step.unitsPerGroup), \(section.units))\(names)\(scratch));\n"
      }
      if branch.passes != nil {
        body += "    GROUP_BARRIER;\n    }\n"
        parameters.iterationName = iterationName
      }
      body += "  }"
      firstGroup = end
    }
    return body + "\n"
  }

  /// The name of a kernel, which is written down the first time. Its body knows the number of its
  /// work-group, `work_group`, and how many there are, `work_groups`.
  ///
  /// PoCL compiles a kernel three times, so that one of single work-items without local memory is a call of a function.
  ///
  /// - Parameter scratch: declares the local memory; empty: there is none.
  private mutating func kernelName(
    _ parameters: ParameterNames, scratch: String, _ body: String, localSize: Int
  ) -> String {
    let size = "__attribute__((reqd_work_group_size(\(localSize), 1, 1)))"
    let key = size + parameters.declarations + scratch + body
    if let name = kernelNames[key] { return name }
    let name = "kernel\(kernelNames.count)"
    kernelNames[key] = name
    let groups = ("get_group_id(0)", "get_num_groups(0)")
    if localSize == 1 && scratch.isEmpty {
      let own = parameters.declarations.isEmpty ? "" : ", "
      text += """

        SECTION_FUNCTION \(name)_body(int work_group, int work_groups\(own)\(parameters.declarations)) {
        \(body)}
        kernel \(size) void \(name)(\(parameters.declarations)) {
          \(name)_body(\(groups.0), \(groups.1)\(own)\(parameters.names));
        }

        """
    } else {
      text += """

        kernel \(size) void \(name)(\(parameters.declarations)) {
        \(scratch)  const int work_group = \(groups.0), work_groups = \(groups.1);
        \(body)}

        """
    }
    return name
  }

  /// The name of a section's function, which is written down the first time.
  private mutating func sectionName(_ section: KernelSection) -> String {
    let scratch = section.localMemory > 0
    let parameters =
      section.parameters.map { ", " + $0.declaration } + (scratch ? [", local real *scratch"] : [])
    let arguments = section.parameters.map { ", " + $0.name } + (scratch ? [", scratch"] : [])
    let own = [
      ("SECTION_PARAMETERS", parameters.joined()), ("SECTION_ARGUMENTS", arguments.joined()),
      ("LANES", "\(section.lanes)"),
    ]
    let key = "\(section.lanes)" + parameters.joined() + section.source
    if let name = sectionNames[key] { return name }
    let name = "section\(sectionNames.count)"
    sectionNames[key] = name
    let definitions =
      own
      + Self.functionNames.map { function in
        (function, function == "SECTION" ? name : "\(name)_\(function.lowercased())")
      }
    text += "\n" + definitions.map { "#define \($0.0) \($0.1)\n" }.joined()
    text += section.source
    text += definitions.map { "#undef \($0.0)\n" }.joined()
    return name
  }
}
