/// A function of a kernel, which does some units of a work.
struct KernelSection {
  /// What a parameter of a kernel is bound to.
  enum Argument {
    /// A buffer of the program, by its number.
    case buffer(Int)
    /// Where a span begins, in the pass of the loop that the section is in.
    case span(Span)
    /// Numbers that the launch brings along.
    case table([Int32])
    case number(Int32)
    /// A number that is part of the kernel's source.
    case constant(Int)
  }

  struct Parameter {
    /// As the function declares it.
    let declaration: String
    let argument: Argument

    init(_ declaration: String, _ argument: Argument) {
      self.declaration = declaration
      self.argument = argument
    }

    /// The last word of the declaration.
    var name: Substring { declaration.split { $0 == " " || $0 == "*" }.last ?? "" }
  }

  /// What the work is, in words.
  var label: String
  /// Defines `SECTION_FUNCTION SECTION(int begin, int end SECTION_PARAMETERS)`, which does the units of
  /// work from `begin` up to `end`.
  var source: String
  var parameters: [Parameter]
  /// The number of units of work.
  var units: Int
  /// How many of them a work-group does where the section runs by itself.
  var unitsPerGroup: Int
  /// How many of them a block of rows has, for work that is cut into rows.
  var unitsPerBlock = 0
  /// The number of work-items that share a row.
  var lanes = 1
  /// The number of reals of local memory that the function gets as `scratch`.
  var localMemory = 0
}
