import Drive
import ImageBuffers
import Quantities
import Testing

@Suite struct DriveRoundTripTests {
  @Test
  func `what was written is read back`() throws {
    let fixture = try DriveFixture()
    try fixture.record(frames: 3)
    let reader = try DriveReader(directory: fixture.directory)
    var manifest = DriveFixture.manifest
    manifest.frameCount = 3
    #expect(reader.manifest == manifest)
    #expect(reader.calibration == DriveFixture.calibration)
    #expect(reader.frames.map(\.file) == ["000000.jpg", "000001.jpg", "000002.jpg"])
    #expect(reader.frames.map(\.timeSeconds) == [0, 0.08, 0.16])
    #expect(reader.odometry.count == 6)
    #expect(reader.odometry[5].timeSeconds == 0.2)
    #expect(reader.odometry[5].speedMetersPerSecond == 3.5)
    #expect(reader.odometry[5].yawRateRadiansPerSecond == -0.125)
    #expect(reader.poses.map(\.worldFromCamera) == (0..<3).map(DriveFixture.pose))
    #expect(reader.hasDepth && reader.hasSparse && !reader.hasRight)
  }

  @Test
  func `images are close, depth is exact to half a step`() throws {
    let fixture = try DriveFixture()
    try fixture.record(frames: 2)
    let reader = try DriveReader(directory: fixture.directory)
    var image = RGBImage(size: DriveFixture.size)
    try reader.readImage(1, into: &image)
    let wanted = DriveFixture.image(1)
    var depth = Plane<Float>(width: 32, height: 16)
    #expect(try reader.readDepth(1, into: &depth))
    for y in 0..<16 {
      for x in 0..<96 { #expect(abs(Int(image.bytes.row(y)[x]) - Int(wanted.bytes.row(y)[x])) < 25) }
      for x in 0..<30 { #expect(abs(depth.row(y)[x] - (Float(x) * 0.25 + 1)) <= 0.5 / 256) }
      #expect(depth.row(y)[31].isNaN && depth.row(y)[30].isNaN)
    }
    #expect(try !reader.readDepth(1, from: .sparse, into: &depth))
    #expect(depth.row(3)[3].isNaN)
  }

  @Test
  func `a drive without odometry, poses, depth or calibration is a drive`() throws {
    let fixture = try DriveFixture()
    let writer = try DriveWriter(
      directory: fixture.directory, manifest: DriveFixture.manifest, calibration: nil)
    try writer.append(DriveWriter.FrameRecord(timeSeconds: nil), image: DriveFixture.image(0))
    try writer.finish()
    let reader = try DriveReader(directory: fixture.directory)
    #expect(reader.calibration == nil)
    #expect(reader.odometry.isEmpty && reader.poses.isEmpty)
    #expect(!reader.hasDepth && !reader.hasSparse)
    #expect(reader.frames.map(\.file) == ["000000.jpg"])
    #expect(reader.frames.map(\.timeSeconds) == [nil])
  }

  @Test
  func `an interrupted recording is completed with what it holds`() throws {
    let fixture = try DriveFixture()
    let writer = try fixture.writer()
    for index in 0..<3 { try fixture.append(writer, index) }
    // Killed in the middle of a line.
    fixture.edit("frames.csv") { String($0.dropLast(6)) }
    #expect(try DriveWriter.complete(directory: fixture.directory).frameCount == 2)
    let reader = try DriveReader(directory: fixture.directory)
    #expect(reader.frames.count == 2 && reader.poses.count == 2)
    #expect(reader.manifest.name == writer.manifest.name && reader.calibration != nil)
    #expect(throws: DriveError.alreadyRecorded(directory: fixture.directory)) {
      try DriveWriter.complete(directory: fixture.directory)
    }
  }

  @Test
  func `an interrupted recording is taken up where it stopped`() throws {
    let fixture = try DriveFixture()
    let first = try fixture.writer()
    for index in 0..<3 { try fixture.append(first, index) }
    #expect(throws: DriveError.self) { try DriveReader(directory: fixture.directory) }
    // The interruption left half a line of frames, and a pose whose frame was never listed.
    fixture.edit("frames.csv") { String($0.dropLast(6)) }
    let second = try fixture.writer()
    #expect(second.frameCount == 2)
    #expect(second.odometryCount == 6)
    try fixture.append(second, 2, odometry: false)
    try second.finish()
    let reader = try DriveReader(directory: fixture.directory)
    #expect(reader.frames.count == 3)
    #expect(reader.poses.count == 3)
  }

  @Test
  func `a finished drive is not overwritten`() throws {
    let fixture = try DriveFixture()
    try fixture.record(frames: 1)
    #expect(throws: DriveError.alreadyRecorded(directory: fixture.directory)) { try fixture.writer() }
  }

  @Test
  func `a calibration of another size is not recorded`() throws {
    let fixture = try DriveFixture()
    var manifest = DriveFixture.manifest
    manifest.size.width = 64
    #expect(throws: DriveError.self) {
      try DriveWriter(
        directory: fixture.directory, manifest: manifest, calibration: DriveFixture.calibration)
    }
  }
}
