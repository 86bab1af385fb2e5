// Linux's CAN sockets: what Glibc's Swift module cannot show (ancillary data, unions, variadic ioctl). No policy.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Flags of an identifier as the kernel writes it.
static const uint32_t csocketcan_extended = 0x80000000u;
static const uint32_t csocketcan_error = 0x20000000u;

/// Classes of error frames that are asked for, in the identifier's low bits.
static const uint32_t csocketcan_error_controller = 0x004u;
static const uint32_t csocketcan_error_bus_off = 0x040u;
static const uint32_t csocketcan_error_restarted = 0x100u;

/// Bits of byte 1 of a controller error: receiving or transmitting is error-passive; it is active again.
static const uint32_t csocketcan_passive = 0x30u;
static const uint32_t csocketcan_active_again = 0x40u;

typedef struct {
  /// With the flags above.
  uint32_t identifier;
  uint32_t length;
  /// Byte 0 is the lowest.
  uint64_t data;
  /// When the kernel received it, CLOCK_REALTIME in ns; 0 = not said.
  int64_t realtime;
  /// Frames the socket has lost so far because nobody fetched them.
  uint32_t dropped;
} csocketcan_frame;

/// What is known of a network interface.
typedef struct {
  uint32_t index;
  int is_can;
  int is_up;
  /// Has a carrier: a CAN controller that is bus-off has none.
  int is_running;
} csocketcan_interface;

/// Looks an interface up. Returns 0 or an errno value; ENODEV when there is none of that name.
int csocketcan_look(const char *name, csocketcan_interface *result);
/// Opens a raw socket on an interface, non-blocking, close-on-exec, that receives exactly the given identifiers and the
/// error classes above. Returns the descriptor, or -1 with errno set.
int csocketcan_open(uint32_t index, const uint32_t *identifiers, size_t count);
/// Fetches one frame. Returns 1, 0 when there is none, or -1 with errno set.
int csocketcan_receive(int descriptor, csocketcan_frame *result);
/// Sends a frame. Returns 0, or -1 with errno set.
int csocketcan_send(int descriptor, uint32_t identifier, uint64_t data, uint32_t length);
