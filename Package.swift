// swift-tools-version: 6.3
import PackageDescription

// Continuous integration accepts no warnings in these targets; dependencies keep theirs. A user's
// build must not fail on what a newer compiler warns of.
let strictness: [SwiftSetting] =
  Context.environment["HYPERTOWER_WARNINGS_AS_ERRORS"] == nil
  ? [] : [.unsafeFlags(["-warnings-as-errors"])]

let swiftSettings: [SwiftSetting] =
  strictness + [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
  ]

// Built by `make fuzz` alone, with the sanitizers that it needs.
let fuzzTargets: [Target] =
  Context.environment["HYPERTOWER_FUZZ"] == nil
  ? []
  : [
    .executableTarget(
      name: "Fuzz", dependencies: ["Hypertower", "Datasets", "OpenCL"], path: "Tests/Fuzz",
      swiftSettings: swiftSettings + [.unsafeFlags(["-parse-as-library"])])
  ]

/// Programs that show how the library is used, a file each; nothing but the tests and `make examples` builds them.
let examples = ["LeNet", "TextClassifier", "TextGenerator", "TrainingLoop", "UNet", "VAE"]
let exampleTargets: [Target] = examples.map { name in
  .executableTarget(
    name: name, dependencies: ["Hypertower", "Datasets"], path: "Examples",
    exclude: examples.filter { $0 != name }.map { "\($0).swift" }, swiftSettings: swiftSettings)
}

let package = Package(
  name: "hypertower",
  products: [
    .library(name: "Hypertower", targets: ["Hypertower", "Datasets", "Collectives"]),
    .executable(name: "hypertower", targets: ["HypertowerCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
  ],
  targets: [
    .systemLibrary(name: "COpenCL", providers: [.apt(["ocl-icd-opencl-dev", "libclblast-dev"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "Kernels", path: "Kernels"),
    .target(
      name: "ImageDecoders", linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg")]),
    .target(name: "MNISTFiles"),
    .target(name: "InitialWeights"),
    .target(name: "OpenCL", dependencies: ["COpenCL", "CZlib"], swiftSettings: swiftSettings),
    .target(name: "Collectives", swiftSettings: swiftSettings),
    .target(
      name: "Hypertower",
      dependencies: [
        "OpenCL", "Collectives", "Kernels", "CZlib",
        .product(name: "RealModule", package: "swift-numerics"),
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "Datasets", dependencies: ["Hypertower", "MNISTFiles", "CZlib", "ImageDecoders"],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "HypertowerCommand",
      dependencies: [
        "Hypertower", "Datasets", "OpenCL", "Collectives", "InitialWeights", "CZlib",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "CollectivesTests", dependencies: ["Collectives"], swiftSettings: swiftSettings),
    .testTarget(name: "OpenCLTests", dependencies: ["OpenCL"], swiftSettings: swiftSettings),
    .testTarget(
      name: "HypertowerTests", dependencies: ["Hypertower", "Datasets", "OpenCL", "Collectives"],
      resources: [.copy("Golden"), .copy("GoldenModels")], swiftSettings: swiftSettings),
    .testTarget(
      name: "DatasetsTests", dependencies: ["Datasets", "Hypertower"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "HypertowerCommand", "Hypertower", "Datasets", "OpenCL", "CZlib",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]
        + examples.map { .target(name: $0) }, swiftSettings: swiftSettings),
  ] + exampleTargets + fuzzTargets,
  cLanguageStandard: .gnu2x
)
