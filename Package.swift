// swift-tools-version: 6.2
import PackageDescription

/// The x86-64 level that Swift and C are compiled for; `x86-64` gives a build for any processor of that family.
let x86Level = Context.environment["DEPTHD_X86_LEVEL"] ?? "x86-64-v3"

// One release build serves the daemon, the tools and the tests: tests reach internals through `package`
// access, never through @testable, so no second build is needed.
let houseSettings: [SwiftSetting] = {
  var settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
  ]
  #if arch(x86_64)
    // Reaches Swift's own code generator too: without it a SIMD multiply-add is a library call per lane.
    settings.append(.unsafeFlags(["-Xcc", "-march=\(x86Level)"]))
  #endif
  return settings
}()

let kernelSettings: [CSetting] = {
  #if arch(x86_64)
    return [.unsafeFlags(["-march=\(x86Level)"])]
  #else
    return []
  #endif
}()

/// A library module of the house. Every edge of the graph is written here and in docs/layers.toml.
func module(
  _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [],
  experimental: [String] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, exclude: exclude,
    swiftSettings: houseSettings + experimental.map { .enableExperimentalFeature($0) })
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource] = []
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["TestSupport"], exclude: exclude, resources: resources,
    swiftSettings: houseSettings)
}

func systemLibrary(_ name: String, _ pkgConfig: String, _ debianPackage: String) -> Target {
  .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([debianPackage])])
}

let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let serviceLifecycle: Target.Dependency = .product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(
  name: "UnixSignals", package: "swift-service-lifecycle")
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")

let package = Package(
  name: "depthd",
  products: [
    .executable(name: "depthd", targets: ["depthd"]),
    .executable(name: "depthctl", targets: ["depthctl"]),
    .library(name: "DepthClient", targets: ["DepthClient"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    .package(url: "https://github.com/LebJe/TOMLKit", exact: "0.6.0"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    // System libraries and headers. Each has exactly one Swift customer.
    systemLibrary("CZMQ", "libzmq", "libzmq3-dev"),
    systemLibrary("COpenBLAS", "openblas", "libopenblas-dev"),
    systemLibrary("CTurboJPEG", "libturbojpeg", "libturbojpeg0-dev"),
    systemLibrary("CSPNG", "spng", "libspng-dev"),
    systemLibrary("CCrypto", "libcrypto", "libssl-dev"),
    systemLibrary("CV4LConvert", "libv4lconvert", "libv4l-dev"),
    .target(name: "CPosix"),
    .target(name: "CKernels", cSettings: kernelSettings),
    .target(name: "CSampling"),
    .target(name: "CV4L2"),
    .target(name: "CSocketCAN"),

    // Words and foundations.
    module("Quantities"),
    module("Memory"),
    module("ImageBuffers", ["Memory", "Quantities"], experimental: ["Lifetimes"]),
    module("Geometry", ["Quantities"]),
    module("Health", ["Quantities"]),
    module("CANSignals", ["Quantities"]),
    module("Platform", ["Quantities", "CPosix"]),
    module("ImageCodecs", ["ImageBuffers", "Quantities", "CTurboJPEG", "CSPNG"]),
    module("Kernels", ["Memory", "Quantities", "CKernels", "COpenBLAS"]),

    // The nouns of a frame's path.
    module("ONNXFormat", ["Quantities", protobuf], exclude: ["onnx.proto"]),
    module("TensorFiles", ["WireFormat", "Quantities"]),
    module("Inference", ["Kernels", "Memory", "ONNXFormat", "Quantities"]),
    module("Completion", ["Kernels", "TensorFiles", "Geometry", "Quantities"]),
    module("PriorFusion", ["Kernels", "Memory", "Quantities"]),
    module(
      "ModelBundle",
      [
        "Inference", "ONNXFormat", "Completion", "PriorFusion", "TensorFiles", "Platform", "Geometry",
        "Quantities", "CCrypto",
      ]),
    module("Decoding", ["ImageBuffers", "ImageCodecs", "Quantities", "CV4LConvert"]),
    module("Calibration", ["Geometry", "Quantities", .product(name: "Yams", package: "Yams")]),
    module("Preprocessing", ["ImageBuffers", "Geometry", "Quantities"]),
    module("Odometry", ["CANSignals", "WireFormat", "Geometry", "Quantities"]),
    module("Scale", ["CSampling", "Odometry", "ImageBuffers", "Geometry", "Quantities"]),
    module("Simulation", ["ImageBuffers", "Geometry", "Quantities"]),
    module("Evaluation", ["Geometry", "ImageBuffers", "Quantities"]),
    module("WireFormat", ["ImageBuffers", "Geometry", "Quantities"]),
    module(
      "Configuration",
      ["CANSignals", "PriorFusion", "Scale", "Quantities", .product(name: "TOMLKit", package: "TOMLKit")]),
    module(
      "Drive",
      [
        "ImageBuffers", "ImageCodecs", "Geometry", "Calibration", "Odometry", "Platform", "Quantities",
        .product(name: "TOMLKit", package: "TOMLKit"),
      ]),
    module(
      "Capture",
      [
        "CPosix", "CV4L2", "Decoding", "Drive", "Simulation", "Odometry", "Platform", "ImageBuffers",
        "Geometry", "Quantities",
      ]),
    module("CANBus", ["CSocketCAN", "CANSignals", "Platform", "Quantities"]),
    module("Messaging", ["CZMQ", "Platform", "WireFormat", "Quantities"]),

    // The story of one frame, and the process around it.
    module(
      "DepthPipeline",
      [
        "Completion", "Preprocessing", "Inference", "PriorFusion", "ModelBundle", "Scale", "WireFormat",
        "ImageCodecs",
        "ImageBuffers", "Geometry", "Odometry", "Platform", "Quantities",
      ]),
    module(
      "DepthDaemon",
      [
        "DepthPipeline", "Scale", "Capture", "Drive", "Simulation", "Calibration", "Configuration",
        "Messaging", "CANBus", "CANSignals", "ModelBundle", "PriorFusion", "Inference", "Odometry",
        "Preprocessing", "Completion", "Decoding", "WireFormat", "ImageBuffers", "Geometry", "Health",
        "Platform", "Quantities", logging, serviceLifecycle, unixSignals,
      ]),
    module("DepthClient", ["Messaging", "WireFormat", "ImageBuffers", "Platform", "Quantities"]),
    .executableTarget(
      name: "depthd", dependencies: ["DepthDaemon", "Configuration", "Platform", argumentParser, logging],
      swiftSettings: houseSettings),
    .executableTarget(
      name: "depthctl",
      dependencies: [
        "DepthClient", "DepthDaemon", "DepthPipeline", "Capture", "Decoding", "Drive", "Simulation",
        "Calibration", "Completion", "Configuration", "Evaluation", "Preprocessing", "ModelBundle",
        "PriorFusion", "Inference", "ImageCodecs",
        "ImageBuffers", "Geometry", "Health", "Messaging", "WireFormat", "Odometry", "Platform", "Quantities",
        argumentParser,
      ],
      swiftSettings: houseSettings),

    // Runs inside the virtual machine of scripts/vm-test.
    .executableTarget(
      name: "vm-guest-test",
      dependencies: [
        "CSocketCAN", "Capture", "Decoding", "DepthClient", "Messaging", "WireFormat", "ImageBuffers",
        "Platform",
        "Quantities",
      ],
      path: "Tests/VirtualMachine/Guest", swiftSettings: houseSettings),

    // The engine in a process of its own, to be compared with others: scripts/bench_peers.py.
    .executableTarget(
      name: "enginebench", dependencies: ["Inference", "ONNXFormat", "Platform", "Quantities"],
      path: "Tests/EngineBench", swiftSettings: houseSettings,
      // Libraries that nothing is called from stay out of its memory.
      linkerSettings: [.unsafeFlags(["-Xlinker", "--as-needed"])]),

    // Tests mirror sources.
    .target(
      name: "TestSupport", path: "Tests/TestSupport",
      swiftSettings: houseSettings),
    tests(
      "CaptureTests", ["Capture", "CV4L2", "Decoding", "ImageBuffers", "Platform", "Quantities"]),
    tests("DecodingTests", ["Decoding", "ImageCodecs", "ImageBuffers", "Quantities"]),
    .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
    .executableTarget(
      name: "framepath",
      dependencies: [
        "AllocationCounter", "CV4L2", "DepthDaemon", "DepthPipeline", "ModelBundle", "Inference",
        "Completion", "PriorFusion",
        "TensorFiles", "Capture",
        "Decoding", "Messaging", "WireFormat", logging,
        "ImageCodecs", "ImageBuffers", "Geometry", "Platform", "Quantities", "TestSupport", argumentParser,
      ],
      path: "Tests/FramePath", swiftSettings: houseSettings,
      // Names in the call stacks of unwanted allocations.
      linkerSettings: [.unsafeFlags(["-Xlinker", "--export-dynamic"])]),
    tests("QuantitiesTests", ["Quantities"]),
    tests("MemoryTests", ["Memory"]),
    tests("ImageBuffersTests", ["ImageBuffers", "Quantities"]),
    tests("PlatformTests", ["Platform", "Quantities"]),
    tests("ImageCodecsTests", ["ImageCodecs", "ImageBuffers", "Quantities"]),
    tests("CalibrationTests", ["Calibration", "Geometry", "Quantities"]),
    tests(
      "ConfigurationCheckTests", ["DepthDaemon", "Calibration", "Configuration", "Geometry", "Quantities"]),
    tests("ConfigurationTests", ["Configuration", "CANSignals", "Quantities"]),
    tests("GeometryTests", ["Geometry", "Quantities"]),
    tests(
      "PreprocessingTests", ["Preprocessing", "Geometry", "ImageBuffers", "Quantities"],
      exclude: ["golden_opencv.py"]),
    tests("KernelsTests", ["Kernels", "CKernels", "Quantities"]),
    tests("InferenceTests", ["Inference", "Kernels", "ONNXFormat", "Platform", "Quantities"]),
    tests("AllocationTests", []),
    tests("TensorFilesTests", ["TensorFiles"]),
    tests(
      "CompletionTests",
      ["Completion", "Kernels", "Inference", "TensorFiles", "Geometry", "Platform", "Quantities"]),
    tests("PriorFusionTests", ["PriorFusion", "ModelBundle", "Kernels", "Platform", "Quantities"]),
    tests(
      "ModelBundleTests",
      [
        "ModelBundle", "Inference", "Completion", "PriorFusion", "TensorFiles", "Geometry", "Platform",
        "Quantities",
      ]),
    tests(
      "DepthPipelineTests",
      [
        "DepthPipeline", "Completion", "Geometry", "ImageBuffers", "ModelBundle", "Preprocessing",
        "Scale", "WireFormat",
        "Quantities",
      ]),
    tests("HealthTests", ["Health", "Quantities"]),
    tests(
      "DepthDaemonTests",
      [
        "DepthDaemon", "Completion", "DepthPipeline", "DepthClient", "CANBus", "Calibration", "Capture",
        "Configuration", "Simulation",
        "Decoding", "Geometry", "Health", "ImageBuffers", "Messaging", "ModelBundle", "Preprocessing",
        "WireFormat",
        "Platform", "Quantities", logging,
      ]),
    tests("WireFormatTests", ["WireFormat", "ImageBuffers", "Geometry", "Quantities"]),
    tests("ScaleTests", ["Scale", "Odometry", "ImageBuffers", "Geometry", "Quantities"]),
    tests("CANSignalsTests", ["CANSignals", "Quantities"], exclude: ["golden_cantools.py"]),
    tests("CANBusTests", ["CANBus", "CANSignals", "Platform", "Quantities"]),
    tests("OdometryTests", ["Odometry", "CANSignals", "Geometry", "Quantities"]),
    tests("SimulationTests", ["Simulation", "Geometry", "ImageBuffers", "Quantities"]),
    tests("DriveTests", ["Drive", "Geometry", "ImageBuffers", "Quantities"]),
    tests("EvaluationTests", ["Evaluation", "Geometry", "ImageBuffers", "Quantities"]),
    tests(
      "FrameSourceTests", ["Capture", "Drive", "Simulation", "ImageBuffers", "Platform", "Quantities"]),
    tests("MessagingTests", ["Messaging", "WireFormat", "Platform", "Quantities"]),
    tests(
      "DepthClientTests",
      ["DepthClient", "ImageBuffers", "Messaging", "WireFormat", "Platform", "Quantities"]),
  ]
)
