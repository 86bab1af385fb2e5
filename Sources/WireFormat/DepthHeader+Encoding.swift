import Geometry
import Quantities

extension DepthHeader {
  /// Appends the header as one JSON object.
  ///
  /// Key order is fixed, `"v"` first. Does not allocate.
  public func encode(into writer: inout ByteWriter) {
    writer.beginObject()
    encodeIdentity(into: &writer)
    encodeTime(into: &writer)
    encodeGrid(into: &writer)
    encodeTrust(into: &writer)
    encodeCost(into: &writer)
    writer.endObject()
  }

  private func encodeIdentity(into writer: inout ByteWriter) {
    writer.field("v", Self.version)
    writer.field("type", topic.kind.rawValue)
    writer.field("topic", topic.name)
    writer.field("seq", sequence)
    writer.field("frame", frameID)
  }

  private func encodeTime(into writer: inout ByteWriter) {
    writer.field("stamp", stamp)
    writer.field("mono", captureTime)
    writer.field("boot_id", bootID)
    if let clock {
      writer.beginObject("clock")
      writer.field("offset_ns", clock.offsetNanoseconds)
      writer.field("steps", clock.steps)
      writer.field("source", clock.source)
      writer.endObject()
    }
    writer.field("source_time_s", sourceTimeSeconds)
  }

  private func encodeGrid(into writer: inout ByteWriter) {
    writer.field("width", size.width)
    writer.field("height", size.height)
    writer.field("encoding", encoding.rawValue)
    writer.field("unit", unit?.rawValue)
    writer.field("step", rowBytes)
    if encoding == .pointsXYZ || encoding == .pointsXYZRGB { encodePointFields(into: &writer) }
    if let intrinsics { encodeIntrinsics(intrinsics, into: &writer) }
    if let range, range.minimum.isFinite, range.maximum.isFinite {
      writer.beginArray("range")
      writer.element(range.minimum)
      writer.element(range.maximum)
      writer.endArray()
    }
    writer.field("calib_id", calibrationID)
    writer.field("generation", generation)
    model?.encode("model", into: &writer)
  }

  /// `K` is one fact: it is left out whole when a number in it is not finite.
  private func encodeIntrinsics(_ k: CameraIntrinsics, into writer: inout ByteWriter) {
    guard k.fx.isFinite, k.fy.isFinite, k.cx.isFinite, k.cy.isFinite else { return }
    writer.beginArray("K")
    writer.element(k.fx)
    writer.element(k.fy)
    writer.element(k.cx)
    writer.element(k.cy)
    writer.endArray()
  }

  /// Names, offsets and ROS `PointField` type codes (FLOAT32 = 7) of one point.
  private func encodePointFields(into writer: inout ByteWriter) {
    writer.field("point_step", encoding.bytesPerPixel)
    writer.field("is_dense", false)
    writer.beginArray("fields")
    Self.encodePointField("x", offset: 0, into: &writer)
    Self.encodePointField("y", offset: 4, into: &writer)
    Self.encodePointField("z", offset: 8, into: &writer)
    if encoding == .pointsXYZRGB { Self.encodePointField("rgb", offset: 16, into: &writer) }
    writer.endArray()
  }

  private static func encodePointField(
    _ name: StaticString, offset: Int, into writer: inout ByteWriter
  ) {
    writer.beginObject()
    writer.field("name", literal: name)
    writer.field("offset", offset)
    writer.field("datatype", 7)
    writer.field("count", 1)
    writer.endObject()
  }

  private func encodeTrust(into writer: inout ByteWriter) {
    writer.field("valid_ratio", validRatio)
    writer.field("holes", holeShare)
    writer.field("clamped_px", clampedPixels)
    if let confidence {
      writer.beginObject("conf")
      writer.field("mean", confidence.mean)
      writer.field("p10", confidence.tenthPercentile)
      writer.endObject()
    }
    if let retrieval {
      writer.beginObject("priors")
      writer.field("entropy", retrieval.entropy)
      writer.field("spread", retrieval.spread)
      writer.field("best", retrieval.best)
      writer.field("distance", retrieval.distance)
      writer.endObject()
    }
    scale?.encode("scale", into: &writer)
    if let odometry {
      writer.beginObject("odom")
      writer.field("v", odometry.speedMetersPerSecond)
      writer.field("wz", odometry.yawRateRadiansPerSecond)
      writer.field("age_ms", odometry.ageMilliseconds)
      writer.endObject()
    }
    writer.field("mode", mode?.rawValue)
    writer.field("sparse_points", sparsePoints)
    writer.field("sparse_age_ms", sparseAgeMilliseconds)
  }

  private func encodeCost(into writer: inout ByteWriter) {
    if let timing {
      writer.beginObject("timing")
      writer.field("exposure_us", timing.exposureMicroseconds)
      writer.field("wait_ms", timing.wait)
      writer.field("decode_ms", timing.decode)
      writer.field("rectify_ms", timing.rectify)
      writer.field("infer_ms", timing.infer)
      writer.field("post_ms", timing.post)
      writer.field("total_ms", timing.total)
      writer.endObject()
    }
    if let drops {
      writer.beginObject("drops")
      writer.field("camera", drops.camera)
      writer.field("pipeline", drops.pipeline)
      writer.endObject()
    }
    degraded.encode("degraded", into: &writer)
  }
}

extension DepthHeader.Scale {
  func encode(_ key: StaticString, into writer: inout ByteWriter) {
    writer.beginObject(key)
    writer.field("value", value)
    writer.field("sigma", logSigma)
    writer.field("state", state.rawValue)
    sources.encode("sources", into: &writer)
    writer.field("age_s", ageSeconds)
    writer.endObject()
  }
}
